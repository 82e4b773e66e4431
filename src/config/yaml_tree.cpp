#include "config/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <numeric>
#include <optional>
#include <streambuf>
#include <utility>

#include "base/utf8.hpp"
#include "config/decoder.hpp"
#include "config/yaml_text.hpp"

namespace tocsin::config {
namespace {

// Thrown by the handler to leave yaml-cpp's parser; caught in read_yaml alone.
struct Abort {
  Position at;
  std::string message;
};

constexpr std::string_view kTextTag = "tag:yaml.org,2002:str";

Position position(const YAML::Mark& mark) {
  const auto from_zero = [](int n) { return static_cast<std::uint32_t>(std::max(n, 0)) + 1; };
  return {from_zero(mark.line), from_zero(mark.column)};
}

// Builds nodes from parser events and hands them on as soon as they are complete.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const YamlLimits& limits, YamlConsumer& consumer)
      : limits_(limits), consumer_(consumer) {}

  // Where the last scalar began: yaml-cpp takes the end of the text for a closing quote.
  [[nodiscard]] std::optional<Position> last_scalar() const { return last_scalar_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Abort{position(mark),
                  "found a second YAML document (or a value outside the map), expected one map of "
                  "settings"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.at = position(mark);
    // An empty value stands nowhere: its key is the better place.
    if (!stack_.empty() && stack_.back().key && stack_.back().key->at.line != node.at.line) {
      node.at = stack_.back().key->at;
    }
    take(std::move(node), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    last_scalar_ = position(mark);
    Node node;
    node.kind = Node::Kind::scalar;
    node.at = *last_scalar_;
    node.quoted = tag == "!" || tag == kTextTag;
    node.text = value;
    check_tag(tag, node.at, kTextTag);
    take(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Abort{position(mark), "found an alias inside the value it stands for"};
    }
    expanded_ += found->second.nodes;
    if (expanded_ > limits_.alias_nodes) {
      throw Abort{position(mark),
                  fmt::format("the aliases of this file expand to more than {} values",
                              limits_.alias_nodes)};
    }
    if (stack_.size() + found->second.depth > limits_.depth) throw too_deep(position(mark));
    Node copy = found->second.node;
    copy.at = position(mark);
    take(std::move(copy), YAML::NullAnchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    check_tag(tag, position(mark), "tag:yaml.org,2002:seq");
    open(Node::Kind::list, position(mark), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    check_tag(tag, position(mark), "tag:yaml.org,2002:map");
    open(Node::Kind::map, position(mark), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Key {
    std::string text;
    Position at;
  };
  struct Frame {
    Node node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<Key> key;  // of the entry whose value comes next
    bool streamed = false;   // entries go to the consumer, not into the node
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
    std::size_t depth = 0;
  };

  static Abort too_deep(Position at) { return {at, "maps and lists are nested too deeply"}; }

  void check_tag(const std::string& tag, Position at, std::string_view standard) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == standard) return;
    consumer_.problem(at, {}, fmt::format("found the tag {}, which is not supported", tag));
  }

  void open(Node::Kind kind, Position at, YAML::anchor_t anchor) {
    if (stack_.size() >= limits_.depth) throw too_deep(at);
    if (!stack_.empty() && stack_.back().node.kind == Node::Kind::map && !stack_.back().key) {
      throw Abort{at, "found a map or list as a key, expected a name"};
    }
    if (stack_.empty() && kind == Node::Kind::list) {
      throw Abort{at, "found a list, expected a map of settings"};
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.at = at;
    frame.anchor = anchor;
    frame.streamed = stack_.size() == 1 && kind == Node::Kind::map && anchor == YAML::NullAnchor &&
                     consumer_.streams(stack_.back().key->text);
    if (frame.streamed) note_section(stack_.back().key->text, stack_.back().key->at);
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.streamed) {
      flush();
      stack_.back().key.reset();
      return;
    }
    if (frame.node.kind == Node::Kind::map && !stack_.empty()) finish_map(frame.node);
    if (stack_.empty()) {  // the root: its entries are gone already
      flush();
      return;
    }
    take(std::move(frame.node), frame.anchor);
  }

  void take(Node node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) remember(anchor, node);
    if (stack_.empty()) {
      if (node.kind == Node::Kind::null) return;  // an empty file
      throw Abort{node.at, "found a single value, expected a map of settings"};
    }
    Frame& top = stack_.back();
    if (top.node.kind == Node::Kind::list) {
      top.node.items.push_back(std::move(node));
    } else if (!top.key) {
      if (stack_.size() == 1 || top.streamed) flush();
      take_key(top, std::move(node));
    } else {
      Key key = std::move(*top.key);
      top.key.reset();
      place({std::move(key.text), key.at, std::move(node)});
    }
  }

  static void take_key(Frame& top, Node node) {
    if (node.kind == Node::Kind::list || node.kind == Node::Kind::map) {
      throw Abort{node.at, "found a map or list as a key, expected a name"};
    }
    if (node.kind == Node::Kind::null) {
      throw Abort{node.at, "found an empty key (or null), expected a name"};
    }
    top.key = Key{std::move(node.text), node.at};
  }

  void place(NodeEntry entry) {
    Frame& top = stack_.back();
    if (stack_.size() == 1) {
      if (note_section(entry.key, entry.at)) held_ = std::move(entry);
    } else if (top.streamed) {
      held_ = std::move(entry);
      held_section_ = stack_.front().key->text;
    } else {
      top.node.entries.push_back(std::move(entry));
    }
  }

  // Hands on what was complete. It waits until the next key, because a syntax error right behind a
  // value mostly means that the value is not what was meant: one mistake, one error.
  void flush() {
    if (!held_) return;
    NodeEntry entry = std::move(*held_);
    held_.reset();
    const std::string section = std::exchange(held_section_, {});
    if (section.empty()) {
      consumer_.section(std::move(entry));
    } else {
      consumer_.entry(section, std::move(entry));
    }
  }

  // False when the text had this section already.
  bool note_section(const std::string& key, Position at) {
    const auto [first, fresh] = sections_.emplace(key, at);
    if (!fresh) repeated(key, at, first->second);
    return fresh;
  }

  void repeated(const std::string& key, Position at, Position first) {
    const bool inside = !stack_.empty() && stack_.front().key;
    const std::string section = inside ? stack_.front().key->text : path_step(key);
    consumer_.repeated_key(key, at, first, section);
  }

  // Reports repeated keys and spreads the merge key `<<`, whose maps give what the map itself
  // does not say (YAML 1.1, merge key language-independent type).
  void finish_map(Node& map) {
    drop_repeated(map);
    const auto merge = std::ranges::find(map.entries, "<<", &NodeEntry::key);
    if (merge == map.entries.end()) return;
    Node source = std::move(merge->value);
    map.entries.erase(merge);
    if (source.kind == Node::Kind::map) {
      merge_from(map, std::move(source));
    } else if (source.kind == Node::Kind::list) {
      for (Node& item : source.items) merge_from(map, std::move(item));
    } else {
      consumer_.problem(source.at, {}, "found a single value, expected a map to merge (<<: *name)");
    }
  }

  void merge_from(Node& map, Node source) {
    if (source.kind != Node::Kind::map) {
      consumer_.problem(source.at, {}, "expected a map to merge (<<: *name)");
      return;
    }
    const std::size_t own = map.entries.size();
    for (NodeEntry& entry : source.entries) {
      const auto end = map.entries.begin() + static_cast<std::ptrdiff_t>(own);
      if (std::find_if(map.entries.begin(), end,
                       [&](const NodeEntry& e) { return e.key == entry.key; }) == end) {
        map.entries.push_back(std::move(entry));
      }
    }
  }

  void drop_repeated(Node& map) {
    std::vector<std::size_t> order(map.entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
      return std::tie(map.entries[a].key, a) < std::tie(map.entries[b].key, b);
    });
    std::vector<std::size_t> extra;
    for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
      if (map.entries[order[i]].key != map.entries[order[first]].key) {
        first = i;
        continue;
      }
      repeated(map.entries[order[i]].key, map.entries[order[i]].at, map.entries[order[first]].at);
      extra.push_back(order[i]);
    }
    std::ranges::sort(extra, std::greater{});
    for (const std::size_t i : extra) {
      map.entries.erase(map.entries.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void remember(YAML::anchor_t anchor, const Node& node) {
    Anchored anchored;
    measure(node, 1, anchored);
    expanded_ += anchored.nodes;  // the copy kept for aliases counts as well
    anchored.node = node;
    anchors_.insert_or_assign(anchor, std::move(anchored));
  }

  static void measure(const Node& node, std::size_t depth, Anchored& sum) {
    ++sum.nodes;
    sum.depth = std::max(sum.depth, depth);
    for (const Node& item : node.items) measure(item, depth + 1, sum);
    for (const NodeEntry& entry : node.entries) measure(entry.value, depth + 1, sum);
  }

  const YamlLimits& limits_;
  YamlConsumer& consumer_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::map<std::string, Position> sections_;
  std::optional<Position> last_scalar_;
  std::optional<NodeEntry> held_;  // complete, not yet handed on
  std::string held_section_;       // its section when that is streamed
  std::size_t expanded_ = 0;
  std::size_t documents_ = 0;
};

// Reads a text in place; a string stream would copy it.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    // The streambuf interface takes char*, but a get area is never written to.
    char* begin = const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

void YamlConsumer::repeated_key(std::string_view key, Position at, Position first,
                                std::string path) {
  problem(at, std::move(path),
          fmt::format("found the key \"{}\" twice; the first is in line {}",
                      clip(printable(key), 80), first.line));
}

bool read_yaml(std::string_view text, const YamlLimits& limits, YamlConsumer& consumer) {
  if (text.size() > limits.text_bytes) {
    consumer.problem({}, {}, fmt::format("the file is larger than {} bytes", limits.text_bytes));
    return false;
  }
  if (const auto bad = find_bad_character(text)) {
    consumer.problem(bad->at, {}, bad->message);
    return false;
  }
  Builder builder(limits, consumer);
  try {
    ViewBuffer buffer(text);
    std::istream in(&buffer);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Abort& abort) {
    consumer.problem(abort.at, {}, abort.message);
    return false;
  } catch (const YAML::Exception& error) {
    Position at = position(error.mark);
    const bool escape = error.msg.starts_with("unknown escape character");
    if (escape && at.column > 2) at.column -= 2;  // the mark is behind, the backslash is meant
    consumer.problem(at, {}, explain_syntax_error(error.msg, text, at));
    return false;
  }
  if (const auto open = builder.last_scalar(); open && quote_stays_open(text, *open)) {
    consumer.problem(*open, {}, "this quote is never closed");
    return false;
  }
  return true;
}

}  // namespace tocsin::config
