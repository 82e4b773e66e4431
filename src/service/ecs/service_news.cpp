#include "service/ecs/service_news.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "notification/values.hpp"

namespace tocsin::service {
namespace {

using alert::EventType;
using alert::Severity;
using deployment::Impact;
using deployment::Notice;
using deployment::NoticeType;
using deployment::Subject;
using notification::spoken;

constexpr std::size_t kShownOfDigest = 12;

EventType type_of(NoticeType type) {
  switch (type) {
    case NoticeType::deploy_started:
      return EventType::deploy_started;
    case NoticeType::scaled:
      return EventType::scaled;
    case NoticeType::recovering:
      return EventType::recovering;
    case NoticeType::finished:
      return EventType::finished;
    case NoticeType::timeout:
      return EventType::timeout;
    case NoticeType::rolled_back:
      return EventType::rolled_back;
    case NoticeType::failed:
      return EventType::failed;
    case NoticeType::service_created:
      return EventType::service_created;
    case NoticeType::service_deleted:
      return EventType::service_deleted;
  }
  return EventType::deploy_started;
}

// The worst is as bad as the configuration says; what may mend itself is a warning at most.
Severity severity_of(const Notice& notice, Severity worst) {
  const Severity usual = alert::info(type_of(notice.type)).severity;
  const bool worst_case =
      notice.type == NoticeType::failed ||
      (notice.type == NoticeType::recovering && notice.impact == Impact::outage);
  return worst_case ? worst
         : notice.type == NoticeType::recovering
             ? std::max(worst, Severity::warning)  // in the order of the enum: less severe
             : usual;
}

// --- In words. ---

// Longer ones are whole in their field.
constexpr std::size_t kMostWords = 500;

std::string ended(const std::string& text) {
  return text.empty() ? text : ": " + clip(one_line(text), kMostWords);
}

std::string tasks(std::int64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "task" : "tasks");
}

// "shop/web:v42 (web:12)", or the one of the two that is known.
std::string version(const Scene& scene, const std::string& task_definition) {
  const std::string_view revision = short_name(task_definition);
  const ServiceMemory& memory = scene.memory;
  if (memory.images_of != task_definition || memory.images.empty()) {
    return std::string(revision);
  }
  const std::string image = short_image(memory.images.front());
  return image == revision ? image : fmt::format("{} ({})", image, revision);
}

std::string started(const Notice& notice, const Scene& scene) {
  std::string out = notice.in_progress ? "a deployment of {} is under way"
                    : notice.initial   ? "first deployment: {}"
                    : notice.rollback  ? "a deployment that nobody saw is rolled back to {}"
                    : notice.redeploy  ? "deploying {} again"
                                       : "deploying {}";
  out = fmt::format(fmt::runtime(out), version(scene, notice.task_definition));
  if (!notice.previous_task_definition.empty() && !notice.redeploy) {
    out += fmt::format(" after {}", short_name(notice.previous_task_definition));
  }
  if (!notice.supersedes.empty()) {
    out += fmt::format("; {} is superseded", notice.supersedes);
  }
  if (!notice.skipped.empty()) {
    std::string ids;
    for (const deployment::Skipped& skipped : notice.skipped) {
      ids += (ids.empty() ? "" : ", ") + skipped.id;
    }
    out += fmt::format("; {} came and went in between", ids);
  }
  return out;
}

std::string short_of_tasks(const Notice& notice, const Scene& scene) {
  if (notice.impact == Impact::deploy) {
    return fmt::format("tasks of the deployment of {} keep failing, {} so far",
                       version(scene, notice.task_definition), notice.failed_tasks);
  }
  std::string out = notice.running == 0
                        ? fmt::format("no task runs, {} wanted", notice.desired)
                        : fmt::format("{} of {} tasks run", notice.running, notice.desired);
  if (notice.flapping) {
    out = fmt::format("crashes again and again, {} times by now; {}", notice.episodes, out);
  }
  return out;
}

std::string after(const std::optional<Milliseconds>& duration) {
  return duration ? " after " + spoken(*duration) : std::string();
}

std::string finished(const Notice& notice, const Scene& scene) {
  switch (notice.subject.value_or(Subject::deploy)) {
    case Subject::deploy:
      return fmt::format("{} of {} finished{}", notice.rollback ? "rollback" : "deployment",
                         version(scene, notice.task_definition), after(notice.duration));
    case Subject::scale:
      return fmt::format("scaled to {}{}", tasks(scene.memory.state.desired),
                         after(notice.duration));
    case Subject::recover:
      break;
  }
  if (scene.memory.state.desired == 0) {
    return "no task is wanted any more" + after(notice.duration);
  }
  if (scene.memory.state.desired == 1) {
    return notice.flapping
               ? fmt::format("its task runs steadily again, {} crashes by then", notice.episodes)
               : "its task runs again" + after(notice.duration);
  }
  return notice.flapping ? fmt::format("all {} tasks run steadily again, {} crashes by then",
                                       scene.memory.state.desired, notice.episodes)
                         : fmt::format("all {} tasks run again{}", scene.memory.state.desired,
                                       after(notice.duration));
}

std::string too_long(const Notice& notice, const Scene& scene) {
  const std::string what = notice.subject == Subject::scale
                               ? "scaling to " + tasks(scene.memory.state.desired)
                               : "deployment of " + version(scene, notice.task_definition);
  return fmt::format("{} is not finished{}", what, after(notice.age));
}

// What failed goes by its revision; where that tells nothing, by its id.
std::string rolled_back(const Notice& notice, const Scene& scene) {
  const std::string& failed = notice.previous_task_definition;
  const std::string_view from = notice.from_deployment.empty() ? "a deployment that nobody saw"
                                : failed.empty() || failed == notice.task_definition
                                    ? std::string_view(notice.from_deployment)
                                    : short_name(failed);
  const std::string to = notice.task_definition.empty()
                             ? std::string()
                             : " to " + version(scene, notice.task_definition);
  return fmt::format("{} is being rolled back{}{}", from, to, ended(notice.reason));
}

std::string sentence(const Notice& notice, const Scene& scene) {
  switch (notice.type) {
    case NoticeType::deploy_started:
      return started(notice, scene);
    case NoticeType::scaled:
      return fmt::format("scaled from {} to {}{}", notice.from, tasks(notice.to),
                         notice.during_deployment ? " during the deployment" : "");
    case NoticeType::recovering:
      return short_of_tasks(notice, scene) + ended(scene.stops);
    case NoticeType::finished:
      return finished(notice, scene);
    case NoticeType::timeout:
      return too_long(notice, scene);
    case NoticeType::rolled_back:
      return rolled_back(notice, scene);
    case NoticeType::failed:
      return fmt::format("deployment of {} failed{}", version(scene, notice.task_definition),
                         ended(notice.reason));
    case NoticeType::service_created:
      return notice.reappeared ? "the service is there again" : "the service was created";
    case NoticeType::service_deleted:
      return "the service was deleted";
  }
  return {};
}

// --- Fields. ---

class Fields {
 public:
  explicit Fields(alert::Event& event) : extra_(event.extra) {}
  void text(std::string name, std::string_view value) {
    if (!value.empty()) {
      std::string json;
      append_json_string(json, value);
      extra_.emplace_back(std::move(name), std::move(json));
    }
  }
  void raw(std::string name, std::string json) {
    extra_.emplace_back(std::move(name), std::move(json));
  }
  void flag(std::string name, bool value) { raw(std::move(name), value ? "true" : "false"); }
  void number(std::string name, std::int64_t value) { raw(std::move(name), fmt::to_string(value)); }

 private:
  std::vector<std::pair<std::string, std::string>>& extra_;
};

std::string images_json(const std::vector<deployment::Image>& images) {
  std::string out;
  JsonWriter w(out);
  w.array();
  for (const deployment::Image& image : images) {
    w.object().field("container", image.container).field("image", image.image);
    if (!image.digest.empty()) {
      w.field("digest", image.digest);
    }
    w.end_object();
  }
  w.end_array();
  return out;
}

// What formatters had as the state of a service, under the same names.
void add_state(Fields& fields, const Scene& scene) {
  const ServiceMemory& memory = scene.memory;
  const ArnParts arn = parts_of_arn(memory.arn);
  fields.text("service", memory.name);
  fields.text("cluster", short_name(memory.cluster));
  fields.text("region", scene.region);
  fields.text("account", arn.account);
  fields.text("environment", scene.environment);
  const deployment::Deployment* primary =
      scene.snapshot == nullptr ? nullptr : scene.snapshot->primary();
  if (primary != nullptr) {
    fields.text("deploymentId", primary->id);
    fields.text("deploymentCreated", format_rfc3339(primary->created));
    fields.flag("success", primary->running == primary->desired);
    fields.flag("complete", deployment::complete(*scene.snapshot, *primary));
    fields.text("taskDef", short_name(primary->task_definition));
    fields.number("runningCount", primary->running);
    fields.number("desiredCount", scene.snapshot->desired);
  } else {
    fields.text("deploymentId", memory.state.deployment);
    fields.text("taskDef", short_name(memory.state.task_definition));
  }
  fields.text("link", console_link(memory, scene.region));
}

void add_images(Fields& fields, const Notice& notice, const Scene& scene) {
  const ServiceMemory& memory = scene.memory;
  if (memory.images_of == notice.task_definition && !memory.images.empty()) {
    fields.text("image", short_image(memory.images.front()));
    fields.raw("images", images_json(memory.images));
  }
}

// Those of its type; two have a name that every event has for something else.
void add_own(Fields& fields, const Notice& notice) {
  for (auto& [name, json] : deployment::fields_of(notice)) {
    if (name == "kind") {
      fields.raw("subject", json);
    } else if (name == "severity") {
      fields.raw("impact", json);
    } else if (name != "reason") {
      fields.raw(name, json);
    }
  }
}

std::string reason_of(const Notice& notice) {
  switch (notice.type) {
    case NoticeType::recovering:
      return std::string(to_string(notice.impact.value_or(Impact::partial)));
    case NoticeType::timeout:
      return "timeout";
    case NoticeType::rolled_back:
    case NoticeType::failed:
      return notice.reason;
    case NoticeType::deploy_started:
    case NoticeType::scaled:
    case NoticeType::finished:
    case NoticeType::service_created:
    case NoticeType::service_deleted:
      break;
  }
  return {};
}

std::string state_name(const deployment::ServiceState& state) {
  return state.phase == deployment::Phase::stable && state.recovery.going_on
             ? "recovering"
             : std::string(to_string(state.phase));
}

}  // namespace

News news_of(const Notice& notice, const Scene& scene) {
  News news;
  alert::Event& event = news.event;
  event.type = alert::to_string(type_of(notice.type));
  event.severity = severity_of(notice, scene.severity);
  event.at = notice.at;
  event.state = state_name(scene.memory.state);
  event.reason = reason_of(notice);
  event.message = fmt::format("{}: {}", scene.monitor, sentence(notice, scene));
  event.key = fmt::format("{}/{}", event.type, notice.key);
  if (notice.type != NoticeType::service_created) {
    event.incident = notice.thread.empty() ? notice.key : notice.thread;
  }
  event.late = scene.late;
  Fields fields(event);
  add_state(fields, scene);
  add_images(fields, notice, scene);
  add_own(fields, notice);
  fields.text("stops", scene.stops);
  news.subject = notice.type == NoticeType::rolled_back ? notice.to_deployment : notice.deployment;
  news.superseded = notice.supersedes;
  const bool scaling = notice.type == NoticeType::scaled || notice.subject == Subject::scale;
  if (scaling && !notice.during_deployment) {
    news.subject = notice.thread;
    news.superseded = notice.replaces;
  }
  news.ends_all = notice.type == NoticeType::service_deleted ||
                  (notice.type == NoticeType::finished && notice.subject == Subject::deploy);
  news.ends = news.ends_all || notice.type == NoticeType::finished;
  return news;
}

News stops_news(const Notice& outage, const Scene& scene) {
  News news = news_of(outage, scene);
  alert::Event& event = news.event;
  event.type = alert::to_string(EventType::tasks_stopped);
  event.key = fmt::format("{}/{}", event.type, outage.key);
  event.message = fmt::format("{}: tasks stopped: {}", scene.monitor, scene.stops);
  return news;
}

std::string short_image(const deployment::Image& image) {
  std::string_view name = image.image;
  const auto slash = name.find('/');
  // The part before the first slash is a registry when it looks like a host (distribution
  // reference grammar): it has a dot or a port, or is localhost.
  if (slash != std::string_view::npos) {
    const std::string_view host = name.substr(0, slash);
    if (host.find_first_of(".:") != std::string_view::npos || host == "localhost") {
      name.remove_prefix(slash + 1);
    }
  }
  std::string out(name);
  constexpr std::string_view kDigest = "@sha256:";
  if (const auto at = out.find(kDigest); at != std::string::npos) {
    out.resize(std::min(out.size(), at + kDigest.size() + kShownOfDigest));
  }
  return out;
}

std::string console_link(const ServiceMemory& memory, const std::string& region) {
  if (region.empty() || memory.name.empty()) {
    return {};
  }
  const std::string domain = region.starts_with("cn-")       ? "console.amazonaws.cn"
                             : region.starts_with("us-gov-") ? "console.amazonaws-us-gov.com"
                                                             : "console.aws.amazon.com";
  return fmt::format("https://{0}.{1}/ecs/v2/clusters/{2}/services/{3}/deployments?region={0}",
                     region, domain, short_name(memory.cluster), memory.name);
}

check::Outcome outcome_of(const Scene& scene, const std::string& unseen) {
  const deployment::ServiceState& state = scene.memory.state;
  check::Outcome out;
  if (scene.snapshot == nullptr) {
    out.status = check::Status::unknown;
    out.reason = check::Reason::unreadable;
    out.message = unseen;
    out.detail = state_name(state);
    return out;
  }
  const bool none_runs = state.running == 0 && state.desired > 0;
  const bool recovering = state.phase == deployment::Phase::stable && state.recovery.going_on;
  const bool failed = state.phase == deployment::Phase::failed;
  const bool down = none_runs && (recovering || (failed && state.running_all == 0));
  out.status = down ? check::Status::down : check::Status::up;
  out.reason = down ? check::Reason::tasks : check::Reason::none;
  out.detail = down ? "outage" : recovering ? "degraded" : std::string(to_string(state.phase));
  out.message = fmt::format("{} of {} tasks run {}", state.running, state.desired,
                            version(scene, state.task_definition));
  const auto add = [&](std::string name, std::string json) {
    out.values.push_back({std::move(name), std::move(json)});
  };
  const auto quoted = [](std::string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
  };
  add("phase", quoted(to_string(state.phase)));
  add("running", fmt::to_string(state.running));
  add("desired", fmt::to_string(state.desired));
  add("deployment", quoted(state.deployment));
  add("task_definition", quoted(short_name(state.task_definition)));
  add("deployed_at", quoted(format_rfc3339(state.created)));
  if (state.rollback) {
    add("rollback", "true");
  }
  if (state.recovery.flapping) {
    add("flapping", "true");
  }
  return out;
}

}  // namespace tocsin::service
