#include "config/outlets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/near_miss.hpp"
#include "base/utf8.hpp"
#include "config/text_names.hpp"

namespace tocsin::config {
namespace {

using notification::Outlet;
using notification::Texts;
using SharedTexts = std::shared_ptr<const Texts>;

bool is_ignored(const FilePart& file) { return file.broken && !file.source->is_main; }

// Channel ("" for all) and type, with the first file that gave a text for them.
using Claims = std::map<std::pair<std::string, alert::EventType>, const FilePart*>;

void claim(Decoder& d, const FilePart& file, const std::string& channel,
           const std::vector<TextDraft>& texts, Claims& claims) {
  for (const TextDraft& text : texts) {
    const auto [found, fresh] = claims.try_emplace({channel, text.type}, &file);
    if (fresh) continue;
    const auto scope = d.enter(text.name);
    d.error(text.at,
            fmt::format("this text is already given in {}", found->second->problems.file()));
  }
}

class ChannelNames {
 public:
  explicit ChannelNames(const std::deque<FilePart>& files) {
    for (const FilePart& file : files) {
      for (const auto& [name, at] : file.names_of(ReferenceKind::channel)) {
        (is_ignored(file) ? ignored_ : known_).insert(name);
      }
      hidden_ = hidden_ || (!file.source->is_main && !file.complete);
    }
  }

  void check(Decoder& d, const std::string& name, Position at) const {
    if (known_.contains(name)) return;
    if (hidden_ || ignored_.contains(name)) {
      d.warning(at, "this channel is in a drop-in that is ignored");
      return;
    }
    const std::vector<std::string_view> names(known_.begin(), known_.end());
    const auto near = near_miss(name, names);
    const std::string shown = clip(printable(name), 80);
    d.error(at, near ? fmt::format("unknown channel \"{}\" (did you mean {}?)", shown, *near)
                     : fmt::format("unknown channel \"{}\"; define it under channels", shown));
  }

 private:
  std::set<std::string, std::less<>> known_, ignored_;
  bool hidden_ = false;  // a drop-in that nobody could read to its end
};

using Overrides = std::vector<const TextDraft*>;

const TextDraft* find(const Overrides& texts, std::string_view name) {
  const auto found = std::ranges::find(
      texts, name, [](const TextDraft* text) { return std::string_view(text->name); });
  return found == texts.end() ? nullptr : *found;
}

bool gives(const Overrides& texts, alert::EventType type) {
  return std::ranges::find(texts, type, [](const TextDraft* text) { return text->type; }) !=
         texts.end();
}

// The texts of one channel: its own over those for all, and where neither has one that of the hook
// which stands in.
SharedTexts texts_for(const Overrides& all, const Overrides& own) {
  auto texts = std::make_shared<Texts>();
  for (const Overrides* layer : {&all, &own}) {
    for (const TextDraft* text : *layer) texts->set(text->type, text->text);
  }
  for (const Hook& hook : hooks()) {
    if (hook.stand_in.empty() || gives(all, hook.type) || gives(own, hook.type)) continue;
    const TextDraft* const nearer = find(own, hook.stand_in);
    const TextDraft* const other = nearer != nullptr ? nearer : find(all, hook.stand_in);
    if (other != nullptr) texts->set(hook.type, other->text);
  }
  return texts;
}

template <typename Pick>
Overrides texts_of(const std::deque<FilePart>& files, Pick pick) {
  Overrides out;
  for (const FilePart& file : files) {
    if (file.broken) continue;
    const std::vector<TextDraft>* texts = pick(file.part.templates);
    if (texts == nullptr) continue;
    for (const TextDraft& text : *texts) out.push_back(&text);
  }
  return out;
}

std::shared_ptr<const Outlet> build(const OutletDraft& draft, const SharedTexts& texts) {
  auto outlet = std::make_shared<Outlet>(draft.outlet);
  outlet->format = draft.make(*outlet, texts);
  const bool people = outlet->format->audience() == notification::Audience::people;
  if (!draft.group_wait_given && !outlet->sink) {
    outlet->group_wait = people ? std::chrono::seconds{10} : std::chrono::seconds{0};
  }
  return outlet;
}

}  // namespace

void check_templates(std::deque<FilePart>& files, Substitution& substitution) {
  Claims claims;
  for (FilePart& file : files) {
    if (is_ignored(file)) continue;
    const ChannelNames names(files);
    Decoder d(file.problems, substitution);
    const auto section = d.enter("templates");
    const TemplatesDraft& templates = file.part.templates;
    const std::size_t before = d.errors();
    {
      const auto events = d.enter("events");
      claim(d, file, {}, templates.events, claims);
    }
    const auto channels = d.enter("channels");
    for (const auto& [name, channel] : templates.channels) {
      const auto scope = d.enter(name);
      names.check(d, name, channel.at);
      claim(d, file, name, channel.texts, claims);
    }
    if (d.errors() > before) file.broken = true;
  }
}

void build_outlets(const std::deque<FilePart>& files, Config& config) {
  const Overrides all =
      texts_of(files, [](const TemplatesDraft& templates) { return &templates.events; });
  const SharedTexts base = texts_for(all, {});
  const auto add = [&](const std::vector<OutletDraft>& drafts, auto& out) {
    for (const OutletDraft& draft : drafts) {
      const auto own = texts_of(files, [&](const TemplatesDraft& templates) {
        const auto found = templates.channels.find(draft.outlet.name);
        const bool applies = found != templates.channels.end() && !draft.outlet.sink;
        return applies ? &found->second.texts : nullptr;
      });
      out.push_back(build(draft, own.empty() ? base : texts_for(all, own)));
    }
  };
  for (const FilePart& file : files) {
    if (file.broken) continue;
    add(file.part.channels, config.channels);
    add(file.part.sinks, config.sinks);
  }
  const auto name = [](const auto& outlet) -> const std::string& { return outlet->name; };
  std::ranges::sort(config.channels, {}, name);
  std::ranges::sort(config.sinks, {}, name);
}

}  // namespace tocsin::config
