#include "adapters/timers_dynamodb/row.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/hash.hpp"
#include "base/utf8.hpp"

namespace tocsin::timers_dynamodb {
namespace {

// Unix seconds and ms to the year 5138; larger ones are no times, and would overflow.
constexpr std::int64_t kMostSeconds = 100'000'000'000;
constexpr std::int64_t kMostMs = kMostSeconds * 1000;
constexpr std::int64_t kMostVersion = 4'000'000'000'000'000'000;

// A whole number from 0 to `most`. Another program may have written 30.0 or 3E+1; what is below a
// second does not count.
std::optional<std::int64_t> number_of(check::JsonValue item, std::string_view name,
                                      std::int64_t most) {
  const auto text = item.find(name).find("N").string();
  if (!text) {
    return std::nullopt;
  }
  std::int64_t out = -1;
  const char* const last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, out);
  if (error != std::errc() || end != last) {
    double value = -1;
    const auto [double_end, double_error] = std::from_chars(text->data(), last, value);
    const bool fits =
        double_error == std::errc() && double_end == last && value >= 0 && value < 9e15;
    out = fits ? static_cast<std::int64_t>(value) : -1;
  }
  return out >= 0 && out <= most ? std::optional(out) : std::nullopt;
}

bool flag_of(check::JsonValue item, std::string_view name) {
  return item.find(name).find("BOOL").boolean().value_or(false);
}

}  // namespace

std::string shard_of(std::string_view id) { return std::to_string(stable_hash(id) % kShards); }

bool Row::foreign() const { return !version || *version / kVersionsPerMs / 1000 != start; }

void append_text(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name).object().field("S", text).end_object();
}
void append_number(JsonWriter& json, std::string_view name, std::int64_t number) {
  json.key(name).object().field("N", std::to_string(number)).end_object();
}
void append_flag(JsonWriter& json, std::string_view name, bool flag) {
  json.key(name).object().field("BOOL", flag).end_object();
}

void append_item(JsonWriter& json, const Row& row) {
  const auto number = [&json](std::string_view name, const std::optional<std::int64_t>& value) {
    if (value) {
      append_number(json, name, *value);
    }
  };
  json.object();
  append_text(json, kTimer, row.id);
  if (row.disarmed_ms) {
    append_number(json, "DisarmedAt", *row.disarmed_ms);
  } else {
    append_number(json, "StartTime", row.start);
    append_number(json, "Seconds", row.seconds);
  }
  number("ArmVersion", row.version);
  number("AnnouncedAt", row.announced_ms);
  number("ClaimedAt", row.claimed_ms);
  if (!row.announced_by.empty()) {
    append_text(json, "AnnouncedBy", row.announced_by);
  }
  number("DeliveredAt", row.delivered_ms);
  if (row.grouped) {
    append_flag(json, "Grouped", true);
  }
  if (row.missed) {
    append_number(json, "MissedDeadline", unix_ms(row.missed->deadline));
    append_number(json, "MissedAnnounced", unix_ms(row.missed->announced));
    append_number(json, "MissedArmed", unix_ms(row.missed->armed));
  }
  if (row.due) {
    append_text(json, "DueShard", shard_of(row.id));
    append_number(json, "Due", *row.due);
  }
  number("Expires", row.expires);
  json.end_object();
}

Result<Row> read_item(check::JsonValue item) {
  Row row;
  row.id = item.find(kTimer).find("S").string().value_or("");
  row.version = number_of(item, "ArmVersion", kMostVersion);
  row.disarmed_ms = number_of(item, "DisarmedAt", kMostMs);
  row.expires = number_of(item, "Expires", kMostSeconds);
  const auto start = number_of(item, "StartTime", kMostSeconds);
  const auto seconds = number_of(item, "Seconds", kMostSeconds);
  if (start && seconds) {
    row.disarmed_ms.reset();  // another program armed it over our tombstone
  } else if (row.disarmed_ms) {
    return row;
  }
  if (!start || !seconds || row.id.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("item '{}' has no {} that is a number: it is no timer",
                            clip(printable(row.id), 100),
                            row.id.empty() ? "Timer" : (start ? "Seconds" : "StartTime")));
  }
  row.start = *start;
  row.seconds = *seconds;
  row.announced_ms = number_of(item, "AnnouncedAt", kMostMs);
  row.claimed_ms = number_of(item, "ClaimedAt", kMostMs);
  row.announced_by = item.find("AnnouncedBy").find("S").string().value_or("");
  row.delivered_ms = number_of(item, "DeliveredAt", kMostMs);
  row.grouped = flag_of(item, "Grouped");
  row.due = number_of(item, "Due", kMostSeconds);
  if (const auto deadline = number_of(item, "MissedDeadline", kMostMs)) {
    row.missed = {from_unix_ms(*deadline),
                  from_unix_ms(number_of(item, "MissedAnnounced", kMostMs).value_or(*deadline)),
                  from_unix_ms(number_of(item, "MissedArmed", kMostMs).value_or(*deadline))};
  }
  return row;
}

timer::Timer timer_of(const Row& row) {
  timer::Timer out;
  out.id = row.id;
  out.start = from_unix_ms(row.start * 1000);
  out.seconds = row.seconds;
  if (row.announced()) {
    out.announced = from_unix_ms(*row.announced_ms);
    out.told = row.delivered();
    out.grouped = row.grouped;
  }
  out.missed = row.missed;
  return out;
}

}  // namespace tocsin::timers_dynamodb
