#pragma once
// Ports that live on one loop, for the use of another: what is asked crosses to the far loop, the
// answer crosses back. Used on the near loop's thread. The near loop outlives the far one's work:
// it is destroyed after the far loop has stopped and its ports are gone.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "ports/command_runner.hpp"
#include "ports/loop.hpp"
#include "ports/resolver.hpp"

namespace tocsin::app {

class FarResolver final : public ports::Resolver {
 public:
  FarResolver(ports::Loop& near, ports::Loop& far, ports::Resolver& resolver)
      : near_(near), far_(far), resolver_(resolver) {}

  void resolve(const std::string& name, check::IpFamily family, MonoTime deadline,
               std::move_only_function<void(ports::Resolved)> done) override {
    far_.post([&near = near_, &resolver = resolver_, name, family, deadline,
               done = std::move(done)]() mutable {
      resolver.resolve(name, family, deadline,
                       [&near, done = std::move(done)](ports::Resolved found) mutable {
                         near.post([done = std::move(done), found = std::move(found)]() mutable {
                           done(std::move(found));
                         });
                       });
    });
  }

 private:
  ports::Loop& near_;
  ports::Loop& far_;
  ports::Resolver& resolver_;
};

class FarCommandRunner final : public ports::CommandRunner {
 public:
  FarCommandRunner(ports::Loop& near, ports::Loop& far, ports::CommandRunner& runner)
      : near_(near), far_(far), runner_(runner) {}

  ports::CommandId start(ports::CommandRequest request,
                         std::move_only_function<void(ports::CommandResult)> done) override {
    const ports::CommandId id = ++last_;
    far_.post([&near = near_, &runner = runner_, running = running_, id,
               request = std::move(request), done = std::move(done)]() mutable {
      const auto far_id = runner.start(
          std::move(request),
          [&near, running, id, done = std::move(done)](ports::CommandResult result) mutable {
            running->erase(id);
            near.post([done = std::move(done), result = std::move(result)]() mutable {
              done(std::move(result));
            });
          });
      running->emplace(id, far_id);
    });
    return id;
  }
  void cancel(ports::CommandId id) override {
    far_.post([&runner = runner_, running = running_, id] {
      if (const auto found = running->find(id); found != running->end()) {
        runner.cancel(found->second);
      }
    });
  }

 private:
  using Running = std::map<ports::CommandId, ports::CommandId>;

  ports::Loop& near_;
  ports::Loop& far_;
  ports::CommandRunner& runner_;
  ports::CommandId last_ = 0;
  std::shared_ptr<Running> running_ = std::make_shared<Running>();  // the far loop's
};

}  // namespace tocsin::app
