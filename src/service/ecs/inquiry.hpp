#pragma once
// What is asked about a service only when something happens: which images it runs, why its tasks
// stopped. Within the account's budget, ahead of what is looked at anyway, and for a short time
// only: people wait. One for all clusters of an account and region. Loop thread only.

#include <array>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deployment/record.hpp"
#include "deployment/task.hpp"
#include "ports/ecs_api.hpp"
#include "ports/loop.hpp"
#include "service/ecs/call_budget.hpp"

namespace tocsin::service {

class Inquiry {
 public:
  // An answer that comes later than this is not waited for (2.5 of the domain).
  static constexpr Microseconds kPatience{3'000'000};
  static constexpr std::size_t kMostDefinitions = 2'000;  // whose images are kept in mind
  static constexpr std::size_t kMostPages = 5;            // each is a call, and one for its tasks
  static constexpr std::size_t kMostStops = 300;

  Inquiry(ports::Loop& loop, const ports::Clock& clock, ports::EcsApi& api, CallBudget& budget);
  ~Inquiry();
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  using Images = std::vector<deployment::Image>;
  // Of a task definition, which never changes. nullptr: to be asked for; empty: nothing came
  // lately.
  [[nodiscard]] const Images* known_images(const std::string& task_definition) const;
  // `done` runs once, never inline; empty when nothing came in time.
  void images(const std::string& task_definition, std::move_only_function<void(Images)> done);

  // Tasks of a service that stopped lately: of at most kMostPages pages, kMostStops of them. `done`
  // runs once, never inline; nullopt: not known. When patience ends or a call fails, those that are
  // known by then.
  using Stops = std::optional<std::vector<deployment::Task>>;
  void stops(const std::string& cluster, const std::string& service,
             std::move_only_function<void(Stops)> done);

  enum class Question : std::uint8_t { images, stops };
  // A question was refused, with what AWS said: a policy may lack it. Not of passing failures.
  std::function<void(Question, const ports::EcsFailure&)> refused;
  // The first that went through after that, or at all.
  std::function<void(Question)> allowed;

 private:
  struct Known {
    Images images;
    MonoTime until{};  // epoch: for ever
  };
  template <typename T>
  struct Wait;
  template <typename T>
  std::shared_ptr<Wait<T>> begin(std::move_only_function<void(T)> done);
  void hear(Question question, const ports::EcsFailure& failure);
  void went_well(Question question);
  void keep(const std::string& task_definition, Known known);
  struct Hunt;  // for tasks that stopped
  using HuntPtr = std::shared_ptr<Hunt>;
  void list_stops(const HuntPtr& hunt);
  void describe_stops(const HuntPtr& hunt, std::vector<std::string> arns);
  void next_stops(const HuntPtr& hunt);

  ports::Loop& loop_;
  const ports::Clock& clock_;
  ports::EcsApi& api_;
  CallBudget& budget_;
  std::map<std::string, Known, std::less<>> images_;
  std::list<std::string> asked_;   // the order in which images_ came
  std::array<bool, 2> allowed_{};  // by Question
  std::shared_ptr<bool> alive_;
};

}  // namespace tocsin::service
