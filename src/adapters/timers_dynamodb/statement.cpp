#include "adapters/timers_dynamodb/statement.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace tocsin::timers_dynamodb {
namespace {

// An expression's values, gathered while its text is written. Names stand for themselves: none of
// ours is reserved but Timer and Seconds, which go by #T and #N.
class Statement {
 public:
  explicit Statement(std::string_view table) : json_(out_) {
    json_.object().field("TableName", table);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& key(std::string_view id) {
    json_.key("Key").object();
    append_text(json_, kTimer, id);
    json_.end_object();
    return *this;
  }
  Statement& field(std::string_view name, std::string_view text) {
    json_.field(name, text);
    uses_ += text;
    return *this;
  }
  Statement& number(std::string_view name, std::int64_t value) {
    numbers_.emplace_back(name, value);
    return *this;
  }
  Statement& text(std::string_view name, std::string_view value) {
    texts_.emplace_back(name, value);
    return *this;
  }
  Statement& flag(std::string_view name, bool value) {
    flags_.emplace_back(name, value);
    return *this;
  }
  [[nodiscard]] JsonWriter& json() { return json_; }

  [[nodiscard]] std::string finish() {
    const bool timer = uses_.find("#T") != uses_.npos;
    const bool seconds = uses_.find("#N") != uses_.npos;
    if (timer || seconds) {
      json_.key("ExpressionAttributeNames").object();
      if (timer) {
        json_.field("#T", kTimer);
      }
      if (seconds) {
        json_.field("#N", "Seconds");
      }
      json_.end_object();
    }
    if (!numbers_.empty() || !texts_.empty() || !flags_.empty()) {
      json_.key("ExpressionAttributeValues").object();
      for (const auto& [name, value] : numbers_) {
        append_number(json_, name, value);
      }
      for (const auto& [name, value] : texts_) {
        append_text(json_, name, value);
      }
      for (const auto& [name, value] : flags_) {
        append_flag(json_, name, value);
      }
      json_.end_object();
    }
    json_.end_object();
    return std::move(out_);
  }

 private:
  std::string out_;
  JsonWriter json_;
  std::string uses_;  // all expressions
  std::vector<std::pair<std::string, std::int64_t>> numbers_;
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<std::pair<std::string, bool>> flags_;
};

constexpr std::string_view kSameArm = "StartTime = :s AND #N = :n";

// An update of one arm: the expression, and what must hold beside its being the same arm.
void update(Statement& out, const Arm& arm, std::string_view expression,
            std::string_view condition) {
  out.key(arm.id)
      .field("UpdateExpression", expression)
      .field("ConditionExpression", fmt::format("{} AND {}", kSameArm, condition))
      .number(":s", arm.start)
      .number(":n", arm.seconds);
}

// That the row's attribute has this value, or is not there.
std::string same(Statement& statement, std::string_view name, std::string_view placeholder,
                 const std::optional<std::int64_t>& value) {
  if (!value) {
    return fmt::format("attribute_not_exists({})", name);
  }
  statement.number(placeholder, *value);
  return fmt::format("{} = {}", name, placeholder);
}

}  // namespace

std::string describe_statement(std::string_view table) { return Statement(table).finish(); }

std::string get_statement(std::string_view table, std::string_view id) {
  Statement out(table);
  out.key(id).json().field("ConsistentRead", true);
  return out.finish();
}

std::string arm_statement(std::string_view table, const Row& row) {
  Statement out(table);
  append_item(out.json().key("Item"), row);
  out.field("ConditionExpression",
            "attribute_not_exists(#T) OR (attribute_not_exists(AnnouncedAt) AND "
            "attribute_not_exists(MissedDeadline) AND (ArmVersion < :v OR "
            "(attribute_not_exists(ArmVersion) AND StartTime <= :s)))")
      .field("ReturnValues", "ALL_OLD")
      .number(":v", row.version.value_or(0))
      .number(":s", row.start);
  return out.finish();
}

std::string replace_statement(std::string_view table, const Row& row,
                              const std::optional<Row>& before) {
  Statement out(table);
  append_item(out.json().key("Item"), row);
  if (!before) {
    out.field("ConditionExpression", "attribute_not_exists(#T)");
    return out.finish();
  }
  std::string condition = same(out, "ArmVersion", ":v", before->version);
  if (before->disarmed_ms) {
    condition += " AND attribute_not_exists(StartTime)";
  } else {
    condition += fmt::format(" AND {}", kSameArm);
    out.number(":s", before->start).number(":n", before->seconds);
  }
  const auto missed =
      before->missed ? std::optional(unix_ms(before->missed->deadline)) : std::nullopt;
  condition += " AND " + same(out, "AnnouncedAt", ":a", before->announced_ms);
  condition += " AND " + same(out, "MissedDeadline", ":m", missed);
  out.field("ConditionExpression", condition);
  return out.finish();
}

std::string scan_statement(std::string_view table, std::string_view prefix, std::string_view after,
                           std::size_t limit) {
  Statement out(table);
  out.json().field("Limit", std::uint64_t{limit});
  if (!after.empty()) {
    out.json().key("ExclusiveStartKey").object();
    append_text(out.json(), kTimer, after);
    out.json().end_object();
  }
  if (!prefix.empty()) {
    out.field("FilterExpression", "begins_with(#T, :p)").text(":p", prefix);
  }
  return out.finish();
}

std::string due_statement(std::string_view table, std::uint64_t shard, std::int64_t until,
                          std::string_view after, std::size_t limit) {
  Statement out(table);
  out.json().field("IndexName", kIndex).field("Limit", std::uint64_t{limit});
  out.field("KeyConditionExpression", "DueShard = :d AND Due <= :u")
      .text(":d", std::to_string(shard))
      .number(":u", until);
  if (!after.empty()) {
    out.json().key("ExclusiveStartKey").raw(after);
  }
  return out.finish();
}

std::string claim_statement(std::string_view table, const Arm& arm, std::int64_t announced_ms,
                            std::int64_t now_ms, std::string_view by, bool grouped) {
  // A claim or a delivery from before the start is of an arm that another program wrote over.
  Statement out(table);
  update(out, arm,
         "SET AnnouncedAt = :a, ClaimedAt = :c, AnnouncedBy = :b, Grouped = :g, DueShard = :d, "
         "Due = :u REMOVE DeliveredAt",
         "(attribute_not_exists(AnnouncedAt) OR AnnouncedAt < :f OR "
         "(attribute_not_exists(DeliveredAt) AND (AnnouncedBy = :b OR ClaimedAt <= :o)))");
  out.number(":a", announced_ms)
      .number(":c", now_ms)
      .text(":b", by)
      .flag(":g", grouped)
      .text(":d", shard_of(arm.id))
      .number(":u", (now_ms + kClaimHolds.count()) / 1000)
      .number(":f", arm.start * 1000)
      .number(":o", now_ms - kClaimHolds.count());
  return out.finish();
}

std::string told_statement(std::string_view table, const Arm& arm, std::int64_t at_ms,
                           bool missed) {
  Statement out(table);
  update(out, arm, missed ? "SET DeliveredAt = :a" : "SET DeliveredAt = :a REMOVE DueShard, Due",
         missed ? "attribute_exists(MissedDeadline)" : "attribute_not_exists(MissedDeadline)");
  return out.number(":a", at_ms).finish();
}

std::string reminded_statement(std::string_view table, const Arm& arm, std::int64_t due_ms,
                               std::string_view by) {
  Statement out(table);
  update(out, arm, "SET RemindedAt = :a, RemindedBy = :b",
         "attribute_exists(AnnouncedAt) AND (attribute_not_exists(RemindedAt) OR RemindedAt < :a "
         "OR (RemindedAt = :a AND RemindedBy = :b))");
  return out.number(":a", due_ms).text(":b", by).finish();
}

std::string recovered_statement(std::string_view table, const Arm& arm, Progress progress) {
  constexpr std::string_view kGone = "REMOVE MissedDeadline, MissedAnnounced, MissedArmed";
  Statement out(table);
  switch (progress) {
    case Progress::claimed:
      update(out, arm, kGone,
             "attribute_exists(AnnouncedAt) AND attribute_not_exists(DeliveredAt)");
      break;
    case Progress::told:
      update(out, arm, fmt::format("{}, DueShard, Due", kGone), "attribute_exists(DeliveredAt)");
      break;
    case Progress::running:
      update(out, arm, fmt::format("SET DueShard = :d, Due = :u {}", kGone),
             "attribute_not_exists(AnnouncedAt)");
      out.text(":d", shard_of(arm.id)).number(":u", arm.start + arm.seconds);
      break;
  }
  return out.finish();
}

std::string index_statement(std::string_view table, const Arm& arm, std::optional<std::int64_t> due,
                            std::optional<std::int64_t> before) {
  Statement out(table);
  update(out, arm, due ? "SET DueShard = :d, Due = :u" : "REMOVE DueShard, Due",
         before ? "Due = :w" : "attribute_not_exists(Due)");
  if (due) {
    out.text(":d", shard_of(arm.id)).number(":u", *due);
  }
  if (before) {
    out.number(":w", *before);
  }
  return out.finish();
}

std::string bury_statement(std::string_view table, std::string_view id, std::int64_t version) {
  Statement out(table);
  out.key(id)
      .field("ConditionExpression", "ArmVersion = :v AND attribute_not_exists(StartTime)")
      .number(":v", version);
  return out.finish();
}

}  // namespace tocsin::timers_dynamodb
