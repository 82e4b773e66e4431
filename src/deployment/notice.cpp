#include "deployment/notice.hpp"

#include "base/json_writer.hpp"

namespace tocsin::deployment {
namespace {

// Collects what is set.
class Fields {
 public:
  void text(std::string name, const std::string& value) {
    if (!value.empty()) {
      std::string json;
      append_json_string(json, value);
      out.emplace_back(std::move(name), std::move(json));
    }
  }
  void flag(std::string name, bool value) {
    if (value) {
      out.emplace_back(std::move(name), "true");
    }
  }
  void number(std::string name, std::int64_t value) {
    out.emplace_back(std::move(name), std::to_string(value));
  }
  void seconds(std::string name, const std::optional<Milliseconds>& value) {
    if (value) {
      number(std::move(name), std::chrono::duration_cast<std::chrono::seconds>(*value).count());
    }
  }
  void list(std::string name, const std::vector<Skipped>& deployments) {
    if (deployments.empty()) {
      return;
    }
    std::string json;
    JsonWriter w(json);
    w.array();
    for (const Skipped& deployment : deployments) {
      w.value(deployment.id);
    }
    w.end_array();
    out.emplace_back(std::move(name), std::move(json));
  }

  std::vector<std::pair<std::string, std::string>> out;
};

void add_start(Fields& fields, const Notice& notice) {
  fields.text("previousTaskDefinition", notice.previous_task_definition);
  fields.flag("initial", notice.initial);
  fields.flag("redeploy", notice.redeploy);
  fields.flag("rollback", notice.rollback);
  fields.flag("inProgress", notice.in_progress);
  fields.text("supersedes", notice.supersedes);
  fields.list("skipped", notice.skipped);
}

void add_recovering(Fields& fields, const Notice& notice) {
  fields.text("severity", std::string(to_string(*notice.impact)));
  fields.number("running", notice.running);
  fields.number("desired", notice.desired);
  fields.flag("duringDeployment", notice.during_deployment);
  if (notice.failed_tasks > 0) {
    fields.number("failedTasks", notice.failed_tasks);
  }
  fields.flag("flapping", notice.flapping);
  if (notice.episodes > 0) {
    fields.number("episodes", notice.episodes);
  }
}

void add_end(Fields& fields, const Notice& notice) {
  fields.text("kind", std::string(to_string(*notice.subject)));
  fields.seconds("duration", notice.duration);
  fields.flag("rollback", notice.rollback);
  fields.flag("flapping", notice.flapping);
  if (notice.episodes > 0) {
    fields.number("episodes", notice.episodes);
  }
}

}  // namespace

std::string_view to_string(NoticeType type) {
  switch (type) {
    case NoticeType::deploy_started:
      return "deploy_started";
    case NoticeType::scaled:
      return "scaled";
    case NoticeType::recovering:
      return "recovering";
    case NoticeType::finished:
      return "finished";
    case NoticeType::timeout:
      return "timeout";
    case NoticeType::rolled_back:
      return "rolled_back";
    case NoticeType::failed:
      return "failed";
    case NoticeType::service_created:
      return "service_created";
    case NoticeType::service_deleted:
      return "service_deleted";
  }
  return "";
}

std::string_view to_string(Subject subject) {
  switch (subject) {
    case Subject::deploy:
      return "deploy";
    case Subject::scale:
      return "scale";
    case Subject::recover:
      return "recover";
  }
  return "";
}

std::string_view to_string(Impact impact) {
  switch (impact) {
    case Impact::outage:
      return "outage";
    case Impact::partial:
      return "partial";
    case Impact::deploy:
      return "deploy";
  }
  return "";
}

std::vector<std::pair<std::string, std::string>> fields_of(const Notice& notice) {
  Fields fields;
  if (notice.type != NoticeType::rolled_back) {
    fields.text("deployment", notice.deployment);
  }
  fields.text("taskDefinition", notice.task_definition);
  switch (notice.type) {
    case NoticeType::deploy_started:
      add_start(fields, notice);
      break;
    case NoticeType::scaled:
      fields.number("from", notice.from);
      fields.number("to", notice.to);
      fields.flag("duringDeployment", notice.during_deployment);
      break;
    case NoticeType::recovering:
      add_recovering(fields, notice);
      break;
    case NoticeType::finished:
      add_end(fields, notice);
      break;
    case NoticeType::timeout:
      fields.text("kind", std::string(to_string(*notice.subject)));
      fields.seconds("age", notice.age);
      fields.seconds("timeoutSeconds", notice.timeout);
      break;
    case NoticeType::rolled_back:
      fields.text("previousTaskDefinition", notice.previous_task_definition);
      fields.text("from", notice.from_deployment);
      fields.text("to", notice.to_deployment);
      fields.text("reason", notice.reason);
      break;
    case NoticeType::failed:
      fields.text("reason", notice.reason);
      break;
    case NoticeType::service_created:
      fields.flag("reappeared", notice.reappeared);
      break;
    case NoticeType::service_deleted:
      break;
  }
  return std::move(fields.out);
}

}  // namespace tocsin::deployment
