#pragma once
// One set of credentials for many calls: fetched when first asked for, renewed ahead of its end by
// one fetch at a time, which all who wait share. A set is kept until it expires, however often its
// renewal fails. Loop thread only.

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "adapters/aws/credentials.hpp"
#include "adapters/aws/world.hpp"

namespace tocsin::aws {

using CredentialsDone = std::move_only_function<void(Result<Credentials>)>;
// Calls `done` once on the loop thread, never inline, within a bound of its own.
using FetchCredentials = std::function<void(CredentialsDone done)>;

// botocore's figures: from 15 minutes before its end a set is renewed on the side, from 10 minutes
// on callers wait for the new one. Of a short-lived set at most a third, and a fifth, of its life.
inline constexpr Milliseconds kAdvisoryRenewal{15 * 60'000};
inline constexpr Milliseconds kMandatoryRenewal{10 * 60'000};

class CredentialCache {
 public:
  CredentialCache(const World& world, FetchCredentials fetch);
  ~CredentialCache();
  CredentialCache(const CredentialCache&) = delete;
  CredentialCache& operator=(const CredentialCache&) = delete;

  // `done` runs exactly once on the loop thread, never inline, at the latest at `deadline`
  // (timeout). The errors are the fetch's, which say what is configured and how it failed.
  void get(MonoTime deadline, CredentialsDone done);
  // A server refused this set as expired or unknown. True: asking again is worth while, because a
  // newer set is there or the next get() fetches one. A set that was fetched within the last 30
  // seconds is not fetched again for that: servers may refuse what is good elsewhere.
  [[nodiscard]] bool refused(const Credentials& used);

 private:
  struct Waiter {
    CredentialsDone done;
    ports::TimerId timer = 0;
  };

  [[nodiscard]] Milliseconds left(Instant expires) const;
  [[nodiscard]] bool usable() const;
  void fetch();
  void fetched(Result<Credentials> found);
  void keep(Credentials found);
  void answer_waiters(const Result<Credentials>& found);
  void answer(CredentialsDone done, Result<Credentials> found);

  World world_;
  FetchCredentials fetch_;
  std::optional<Credentials> current_;
  MonoTime fetched_at_{};     // current_ was
  bool refused_ = false;      // current_ is, by a server
  Milliseconds advisory_{0};  // with jitter, of current_
  Milliseconds mandatory_{0};
  bool fetching_ = false;
  std::optional<Error> last_error_;
  MonoTime next_fetch_{};  // not before, after a failure
  std::uint64_t next_waiter_ = 1;
  std::map<std::uint64_t, Waiter> waiters_;  // bounded by the calls in flight
  std::shared_ptr<int> alive_;
};

}  // namespace tocsin::aws
