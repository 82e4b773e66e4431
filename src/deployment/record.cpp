#include "deployment/record.hpp"

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::deployment {
namespace {

using check::JsonValue;

constexpr std::size_t kMostImages = 100;  // a task definition has at most 10 containers
constexpr std::array kOutcomes = {Outcome::going_on,   Outcome::finished,
                                  Outcome::superseded, Outcome::rolled_back,
                                  Outcome::failed,     Outcome::service_deleted};

void write_text(JsonWriter& w, std::string_view key, const std::string& value) {
  w.key(key);
  if (value.empty()) {
    w.null();
  } else {
    w.value(value);
  }
}

void write_images(JsonWriter& w, const std::vector<Image>& images) {
  w.key("images").array();
  for (const Image& image : images) {
    w.object().field("container", image.container).field("image", image.image);
    if (!image.digest.empty()) {
      w.field("digest", image.digest);
    }
    w.end_object();
  }
  w.end_array();
}

std::string text(JsonValue value) { return value.string().value_or(""); }
Instant time(JsonValue value) { return parse_rfc3339(text(value)).value_or(Instant{}); }

std::vector<Image> read_images(JsonValue value) {
  std::vector<Image> out;
  for (check::JsonItems item(value); item.next() && out.size() < kMostImages;) {
    const JsonValue image = item.value();
    out.push_back(
        {text(image.find("container")), text(image.find("image")), text(image.find("digest"))});
  }
  return out;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::going_on:
      return "in_progress";
    case Outcome::finished:
      return "finished";
    case Outcome::superseded:
      return "superseded";
    case Outcome::rolled_back:
      return "rolled_back";
    case Outcome::failed:
      return "failed";
    case Outcome::service_deleted:
      return "service_deleted";
  }
  return "";
}

std::optional<Milliseconds> Record::duration() const {
  if (outcome == Outcome::going_on) {
    return std::nullopt;
  }
  return std::max(ended - created, Milliseconds{0});
}

std::string to_json(const Record& record) {
  std::string out;
  JsonWriter w(out);
  w.object().field("id", record.id).field("status", to_string(record.outcome));
  write_text(w, "task_definition", record.task_definition);
  write_text(w, "previous_task_definition", record.previous_task_definition);
  write_images(w, record.images);
  w.field("rollback", record.rollback).field("redeploy", record.redeploy);
  w.field("started_at", record.created);
  if (const auto duration = record.duration()) {
    w.field("ended_at", record.ended).field("duration_ms", std::int64_t{duration->count()});
  } else {
    w.key("ended_at").null().key("duration_ms").null();
  }
  write_text(w, "reason", record.reason);
  w.end_object();
  return out;
}

Record parse_record(std::string_view json) {
  Record out;
  const auto value = check::parse_json(json);
  if (!value) {
    return out;
  }
  out.id = text(value->find("id"));
  for (const Outcome outcome : kOutcomes) {
    if (value->find("status").is_string(to_string(outcome))) {
      out.outcome = outcome;
    }
  }
  out.task_definition = text(value->find("task_definition"));
  out.previous_task_definition = text(value->find("previous_task_definition"));
  out.images = read_images(value->find("images"));
  out.rollback = value->find("rollback").boolean().value_or(false);
  out.redeploy = value->find("redeploy").boolean().value_or(false);
  out.created = time(value->find("started_at"));
  out.ended = time(value->find("ended_at"));
  out.reason = text(value->find("reason"));
  return out;
}

}  // namespace tocsin::deployment
