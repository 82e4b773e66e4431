#include "service/ecs/inquiry.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tocsin::service {

constexpr Microseconds kNotAgainBefore = std::chrono::minutes{1};

using ports::EcsFailure;
using ports::EcsFailureKind;

// Who waits for an answer, until it is there or patience ends.
template <typename T>
struct Inquiry::Wait {
  std::move_only_function<void(T)> done;
  ports::TimerId timer = 0;
  MonoTime deadline{};

  void finish(ports::Loop& loop, T value) {
    if (done) {
      loop.cancel(timer);
      std::exchange(done, nullptr)(std::move(value));
    }
  }
};

Inquiry::Inquiry(ports::Loop& loop, const ports::Clock& clock, ports::EcsApi& api,
                 CallBudget& budget)
    : loop_(loop),
      clock_(clock),
      api_(api),
      budget_(budget),
      alive_(std::make_shared<bool>(true)) {}

Inquiry::~Inquiry() { *alive_ = false; }

template <typename T>
std::shared_ptr<Inquiry::Wait<T>> Inquiry::begin(std::move_only_function<void(T)> done) {
  auto wait = std::make_shared<Wait<T>>();
  wait->done = std::move(done);
  wait->deadline = clock_.mono_now() + kPatience;
  wait->timer = loop_.call_at(wait->deadline, [this, alive = alive_, wait] {
    if (*alive) {
      wait->finish(loop_, T{});
    }
  });
  return wait;
}

void Inquiry::hear(Question question, const EcsFailure& failure) {
  if (failure.kind == EcsFailureKind::throttled) {
    budget_.throttled();
  }
  // What passes by itself, or is about a service that was deleted meanwhile, is no refusal.
  const bool refusal = failure.kind == EcsFailureKind::denied ||
                       failure.kind == EcsFailureKind::credentials ||
                       failure.kind == EcsFailureKind::refused;
  if (refusal && refused) {
    allowed_[static_cast<std::size_t>(question)] = false;
    refused(question, failure);
  }
}

void Inquiry::went_well(Question question) {
  if (!std::exchange(allowed_[static_cast<std::size_t>(question)], true) && allowed) {
    allowed(question);
  }
}

const Inquiry::Images* Inquiry::known_images(const std::string& task_definition) const {
  const auto found = images_.find(task_definition);
  const bool known = found != images_.end() &&
                     (found->second.until == MonoTime{} || clock_.mono_now() < found->second.until);
  return known ? &found->second.images : nullptr;
}

void Inquiry::keep(const std::string& task_definition, Known known) {
  if (!images_.insert_or_assign(task_definition, std::move(known)).second) {
    return;
  }
  asked_.push_back(task_definition);
  if (asked_.size() > kMostDefinitions) {
    images_.erase(asked_.front());
    asked_.pop_front();
  }
}

void Inquiry::images(const std::string& task_definition,
                     std::move_only_function<void(Images)> done) {
  // Who waits is not made to wait again with the next look.
  auto wait = begin<Images>([this, task_definition, done = std::move(done)](Images images) mutable {
    if (images.empty()) {
      keep(task_definition, {{}, clock_.mono_now() + kNotAgainBefore});
    }
    done(std::move(images));
  });
  auto call = [this, alive = alive_, wait, task_definition] {
    if (!*alive) {
      return;
    }
    auto answer = [this, alive, wait,
                   task_definition](std::expected<ports::EcsTaskDefinition, EcsFailure> found) {
      if (!*alive) {
        return;
      }
      budget_.finished();
      Images images;
      if (found) {
        for (const auto& [container, image] : found->images) {
          images.push_back({container, image, {}});
        }
        keep(task_definition, {images, {}});
        went_well(Question::images);
      } else {
        hear(Question::images, found.error());
      }
      wait->finish(loop_, std::move(images));
    };
    api_.describe_task_definition(task_definition, clock_.mono_now() + kPatience,
                                  std::move(answer));
  };
  if (!budget_.ask_soon(std::move(call), [wait] { return static_cast<bool>(wait->done); })) {
    loop_.post([this, alive = alive_, wait] {
      if (*alive) {
        wait->finish(loop_, Images{});
      }
    });
  }
}

struct Inquiry::Hunt {
  std::string cluster, service;
  std::vector<deployment::Task> tasks;
  std::string next;       // page
  std::size_t pages = 0;  // asked for
  std::shared_ptr<Wait<Stops>> wait;
};

void Inquiry::stops(const std::string& cluster, const std::string& service,
                    std::move_only_function<void(Stops)> done) {
  auto hunt = std::make_shared<Hunt>();
  hunt->cluster = cluster;
  hunt->service = service;
  hunt->wait =
      begin<Stops>([known = std::weak_ptr(hunt), done = std::move(done)](Stops stops) mutable {
        const auto found = known.lock();
        if (!stops && found && !found->tasks.empty()) {
          stops = std::move(found->tasks);
        }
        done(std::move(stops));
      });
  list_stops(hunt);
}

void Inquiry::list_stops(const HuntPtr& hunt) {
  ++hunt->pages;
  auto call = [this, alive = alive_, hunt] {
    if (!*alive) {
      return;
    }
    auto answer = [this, alive, hunt](std::expected<ports::EcsTaskArns, EcsFailure> page) {
      if (!*alive) {
        return;
      }
      budget_.finished();
      if (!page) {
        hear(Question::stops, page.error());
        hunt->wait->finish(loop_, std::nullopt);
        return;
      }
      hunt->next = std::move(page->next);
      if (page->arns.empty()) {
        next_stops(hunt);
      } else {
        page->arns.resize(std::min(page->arns.size(), ports::EcsApi::kMostTasks));
        describe_stops(hunt, std::move(page->arns));
      }
    };
    api_.list_stopped_tasks(hunt->cluster, hunt->service, hunt->next, clock_.mono_now() + kPatience,
                            std::move(answer));
  };
  if (!budget_.ask_soon(std::move(call), [hunt] { return static_cast<bool>(hunt->wait->done); })) {
    loop_.post([this, alive = alive_, hunt] {
      if (*alive) {
        hunt->wait->finish(loop_, std::nullopt);
      }
    });
  }
}

void Inquiry::describe_stops(const HuntPtr& hunt, std::vector<std::string> arns) {
  auto call = [this, alive = alive_, hunt, arns = std::move(arns)] {
    if (!*alive) {
      return;
    }
    auto answer = [this, alive,
                   hunt](std::expected<std::vector<deployment::Task>, EcsFailure> tasks) {
      if (!*alive) {
        return;
      }
      budget_.finished();
      if (!tasks) {
        hear(Question::stops, tasks.error());
        hunt->wait->finish(loop_, std::nullopt);
        return;
      }
      went_well(Question::stops);
      std::ranges::move(*tasks, std::back_inserter(hunt->tasks));
      next_stops(hunt);
    };
    api_.describe_tasks(hunt->cluster, arns, clock_.mono_now() + kPatience, std::move(answer));
  };
  if (!budget_.ask_soon(std::move(call), [hunt] { return static_cast<bool>(hunt->wait->done); })) {
    hunt->wait->finish(loop_, std::nullopt);
  }
}

// A page may be empty and not the last, and the tasks that matter may be on a later one: AWS says
// nothing about their order.
void Inquiry::next_stops(const HuntPtr& hunt) {
  if (hunt->next.empty() || hunt->pages == kMostPages || hunt->tasks.size() >= kMostStops) {
    hunt->wait->finish(loop_, std::move(hunt->tasks));
  } else {
    list_stops(hunt);
  }
}

}  // namespace tocsin::service
