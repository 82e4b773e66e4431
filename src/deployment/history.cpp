#include "deployment/history.hpp"

#include <algorithm>

#include "base/json_writer.hpp"
#include "check/json.hpp"

namespace tocsin::deployment {
namespace {

// A deployment is over at the moment at which the next one was created, whenever that was seen.
Instant succeeded(const Record& record, const Notice& notice) {
  Instant out = notice.created > record.created ? notice.created : notice.at;
  for (const Skipped& other : notice.skipped) {
    if (other.created > record.created) {
      out = std::min(out, other.created);
    }
  }
  return out;
}

void end(Record& record, Outcome outcome, Instant at, const std::string& reason) {
  const bool undone = record.outcome == Outcome::failed && outcome == Outcome::rolled_back;
  if (record.outcome != Outcome::going_on && !undone) {
    return;
  }
  if (!undone) {
    record.ended = std::max(at, record.created);  // answers are dated in whole seconds
  }
  record.outcome = outcome;
  if (!reason.empty()) {
    record.reason = reason;
  }
}

// Tasks tell of digests, a task definition does not: what is known is not unlearned.
void learn(Record& record, std::vector<Image> images) {
  if (images.empty() || record.outcome != Outcome::going_on) {
    return;
  }
  for (Image& image : images) {
    for (const Image& old : record.images) {
      if (image.digest.empty() && old.container == image.container && old.image == image.image) {
        image.digest = old.digest;
      }
    }
  }
  record.images = std::move(images);
}

}  // namespace

std::vector<Record> History::note(const Notice& notice, const std::vector<Image>& images) {
  const std::vector<Record> before = records_;
  apply(notice, images);
  std::vector<Record> out;
  for (const Record& record : records_) {
    if (std::ranges::find(before, record) == before.end()) {
      out.push_back(record);
    }
  }
  settle();
  return out;
}

void History::apply(const Notice& notice, const std::vector<Image>& images) {
  const bool deploy = notice.subject == Subject::deploy;
  switch (notice.type) {
    case NoticeType::deploy_started:
      supersede(notice);
      begin(notice, images);
      break;
    case NoticeType::rolled_back:
      roll_back(notice, images);
      break;
    case NoticeType::failed:
    case NoticeType::finished:
      if (notice.type == NoticeType::finished && !deploy) {
        break;
      }
      if (Record* record =
              open(notice, notice.deployment, notice.created, notice.task_definition)) {
        learn(*record, images);
        record->rollback = record->rollback || notice.rollback;
        end(*record, deploy ? Outcome::finished : Outcome::failed, notice.at, notice.reason);
      }
      break;
    case NoticeType::service_deleted:
      delete_service(notice);
      break;
    case NoticeType::scaled:
    case NoticeType::recovering:
    case NoticeType::timeout:
    case NoticeType::service_created:
      break;
  }
}

void History::supersede(const Notice& notice) {
  if (!notice.supersedes.empty()) {
    (void)open(notice, notice.supersedes, notice.previous_created, notice.previous_task_definition);
  }
  for (const Skipped& skipped : notice.skipped) {
    (void)open(notice, skipped.id, skipped.created, skipped.task_definition);
  }
  // A service follows one deployment: whatever older one went on is over.
  const bool new_here = std::ranges::find(ended_, notice.deployment) == ended_.end();
  for (Record& record : records_) {
    const bool older = new_here && record.created < notice.created;
    if (record.id != notice.deployment && (older || record.id == notice.supersedes)) {
      end(record, Outcome::superseded, succeeded(record, notice), "");
    }
  }
}

void History::begin(const Notice& notice, const std::vector<Image>& images) {
  Record* record = open(notice, notice.deployment, notice.created, notice.task_definition);
  if (record == nullptr) {
    return;
  }
  if (record->outcome == Outcome::service_deleted && notice.at > record->ended) {
    record->outcome = Outcome::going_on;
    record->ended = Instant{};
  }
  if (record->outcome == Outcome::going_on) {
    record->redeploy = record->redeploy || notice.redeploy;
    record->rollback = record->rollback || notice.rollback;
    if (!notice.previous_task_definition.empty()) {
      record->previous_task_definition = notice.previous_task_definition;
    }
  }
  learn(*record, images);
}

void History::roll_back(const Notice& notice, const std::vector<Image>& images) {
  const bool to_known = !notice.to_deployment.empty();
  std::string undone;  // its task definition
  if (!notice.from_deployment.empty()) {
    Record* from = to_known ? open(notice, notice.from_deployment, notice.previous_created, "")
                            : open(notice, notice.from_deployment, notice.created,
                                   notice.previous_task_definition);
    if (from != nullptr) {
      undone = from->task_definition;
      end(*from, Outcome::rolled_back, to_known ? succeeded(*from, notice) : notice.at,
          notice.reason);
    }
  }
  if (!to_known) {
    return;
  }
  // An old deployment that is promoted again began long ago: its rollback begins now.
  const bool promoted = notice.created <= notice.previous_created;
  if (Record* to = open(notice, notice.to_deployment, promoted ? notice.at : notice.created,
                        notice.task_definition)) {
    if (to->outcome == Outcome::going_on) {
      to->rollback = true;
      if (!undone.empty()) {
        to->previous_task_definition = undone;
      }
    }
    learn(*to, images);
  }
}

// Not of one that took its name since.
void History::delete_service(const Notice& notice) {
  for (Record& record : records_) {
    if (record.id == notice.deployment || record.created < notice.created) {
      end(record, Outcome::service_deleted, notice.at, "");
    }
  }
}

Record* History::open(const Notice& notice, const std::string& id, Instant created,
                      const std::string& task_definition) {
  const auto found = std::ranges::find(records_, id, &Record::id);
  if (found != records_.end()) {
    return &*found;
  }
  if (std::ranges::find(ended_, id) != ended_.end()) {
    return nullptr;
  }
  Record fresh;
  fresh.id = id;
  fresh.created = created == Instant{} ? notice.at : created;
  fresh.task_definition = task_definition;
  return &records_.emplace_back(std::move(fresh));
}

// A failure may be followed by its rollback, and a deleted service reappear: until something else
// begins.
void History::settle() {
  const auto may_change = [this](const Record& record) {
    const bool last = &record == &records_.back();
    return record.outcome == Outcome::going_on ||
           (last &&
            (record.outcome == Outcome::failed || record.outcome == Outcome::service_deleted));
  };
  std::vector<Record> kept;
  for (const Record& record : records_) {
    if (may_change(record)) {
      kept.push_back(record);
    } else {
      ended_.push_back(record.id);
    }
  }
  records_ = std::move(kept);
  if (records_.size() > kMostRecords) {
    records_.erase(records_.begin(), records_.end() - std::ptrdiff_t{kMostRecords});
  }
  if (ended_.size() > kMostEnded) {
    ended_.erase(ended_.begin(), ended_.end() - std::ptrdiff_t{kMostEnded});
  }
}

std::string to_json(const History& history) {
  std::string out;
  JsonWriter w(out);
  w.object();
  if (!history.records_.empty()) {
    w.key("records").array();
    for (const Record& record : history.records_) {
      w.raw(to_json(record));
    }
    w.end_array();
  }
  if (!history.ended_.empty()) {
    w.key("ended").array();
    for (const std::string& id : history.ended_) {
      w.value(id);
    }
    w.end_array();
  }
  w.end_object();
  return out;
}

History parse_history(std::string_view json) {
  History out;
  const auto value = check::parse_json(json);
  if (!value) {
    return out;
  }
  for (check::JsonItems item(value->find("records"));
       item.next() && out.records_.size() < History::kMostRecords;) {
    Record record = parse_record(item.value().text());
    if (!record.id.empty()) {
      out.records_.push_back(std::move(record));
    }
  }
  for (check::JsonItems item(value->find("ended"));
       item.next() && out.ended_.size() < History::kMostEnded;) {
    out.ended_.push_back(item.value().string().value_or(""));
  }
  return out;
}

}  // namespace tocsin::deployment
