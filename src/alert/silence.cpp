#include "alert/silence.hpp"

#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::alert {

std::string to_json(const Silence& silence) {
  std::string out;
  JsonWriter w(out);
  w.object().field("id", silence.id).key("match").array();
  for (const std::string& term : silence.match.terms()) {
    w.value(term);
  }
  w.end_array().field("from", silence.from).field("until", silence.until);
  w.field("reason", silence.reason).field("by", silence.by).field("created", silence.created);
  w.end_object();
  return out;
}

Result<Silence> parse_silence(std::string_view json) {
  const auto value = check::parse_json(json);
  if (!value) {
    return std::unexpected(Error(value.error()).with("not the JSON of a silence"));
  }
  const auto text = [&](std::string_view name) { return value->find(name).string().value_or(""); };
  const auto instant = [&](std::string_view name) {
    return parse_rfc3339(text(name)).value_or(Instant{});
  };
  std::vector<std::string> terms;
  for (check::JsonItems item(value->find("match")); item.next();) {
    terms.push_back(item.value().string().value_or(""));
  }
  auto match = Selector::parse(terms);
  if (!match) {
    return std::unexpected(Error(match.error()).with("not the JSON of a silence"));
  }
  Silence out{text("id"),     std::move(*match), instant("from"),   instant("until"),
              text("reason"), text("by"),        instant("created")};
  if (out.id.empty()) {
    return fail(ErrorCode::invalid, "not the JSON of a silence: it has no id");
  }
  return out;
}

// The window that covers `now` began at the latest `length` before it.
bool Maintenance::active(Instant now) const {
  const auto began = schedule->next(now - length);
  return began && *began <= now;
}

}  // namespace tocsin::alert
