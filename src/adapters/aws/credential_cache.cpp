#include "adapters/aws/credential_cache.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tocsin::aws {
namespace {

// After a failure. With a set that still works there is no hurry; without one the callers that come
// meanwhile get the failure at once instead of each starting a program or asking a server.
constexpr Milliseconds kPauseWithSet{30'000};
constexpr Milliseconds kPauseWithout{1'000};
constexpr Milliseconds kFreshFor{30'000};
constexpr std::uint64_t kJitterMs = 60'000;

}  // namespace

CredentialCache::CredentialCache(const World& world, FetchCredentials fetch)
    : world_(world), fetch_(std::move(fetch)), alive_(std::make_shared<int>(0)) {}

CredentialCache::~CredentialCache() {
  for (const auto& [id, waiter] : waiters_) {
    world_.loop.cancel(waiter.timer);
  }
}

Milliseconds CredentialCache::left(Instant expires) const { return expires - world_.clock.now(); }

bool CredentialCache::usable() const {
  return current_ && !refused_ &&
         (!current_->expires || left(*current_->expires) > Milliseconds{0});
}

void CredentialCache::get(MonoTime deadline, CredentialsDone done) {
  const bool lasting = usable() && !current_->expires;
  const Milliseconds remaining = usable() && !lasting ? left(*current_->expires) : Milliseconds{0};
  if (lasting || remaining > advisory_) {
    answer(std::move(done), *current_);
    return;
  }
  const bool may_fetch = fetching_ || world_.clock.mono_now() >= next_fetch_;
  if (may_fetch && !fetching_) {
    fetch();
  }
  if (usable() && (remaining > mandatory_ || !may_fetch)) {
    answer(std::move(done), *current_);
    return;
  }
  if (!may_fetch) {
    answer(std::move(done), std::unexpected(*last_error_));
    return;
  }
  const std::uint64_t id = next_waiter_++;
  const ports::TimerId timer = world_.loop.call_at(deadline, [this, id] {
    auto waiter = waiters_.extract(id);
    waiter.mapped().done(
        usable() ? Result<Credentials>(*current_)
                 : fail(ErrorCode::timeout, "the AWS credentials did not come in time"));
  });
  waiters_.emplace(id, Waiter{std::move(done), timer});
}

bool CredentialCache::refused(const Credentials& used) {
  const bool same = current_ && current_->access_key_id == used.access_key_id &&
                    current_->session_token == used.session_token &&
                    current_->secret_access_key == used.secret_access_key;
  if (same && world_.clock.mono_now() < fetched_at_ + kFreshFor) {
    return false;
  }
  refused_ = refused_ || same;
  return true;
}

void CredentialCache::fetch() {
  fetching_ = true;
  fetch_([this, alive = std::weak_ptr(alive_)](Result<Credentials> found) {
    if (!alive.expired()) {
      fetched(std::move(found));
    }
  });
}

void CredentialCache::fetched(Result<Credentials> found) {
  fetching_ = false;
  const MonoTime now = world_.clock.mono_now();
  if (found && found->expires && left(*found->expires) <= Milliseconds{0}) {
    found = fail(ErrorCode::unavailable,
                 "the AWS credentials that were handed out had expired at " +
                     format_rfc3339(*found->expires) + ": is this machine's clock right?");
  }
  if (found) {
    keep(std::move(*found));
    answer_waiters(*current_);
    return;
  }
  last_error_ = found.error();
  next_fetch_ = now + (usable() ? kPauseWithSet : kPauseWithout);
  answer_waiters(usable() ? Result<Credentials>(*current_) : std::move(found));
}

void CredentialCache::keep(Credentials found) {
  current_ = std::move(found);
  fetched_at_ = world_.clock.mono_now();
  refused_ = false;
  last_error_.reset();
  next_fetch_ = {};
  if (!current_->expires) {
    return;
  }
  const Milliseconds life = left(*current_->expires);
  const Milliseconds jitter{static_cast<std::int64_t>(world_.random.below(kJitterMs))};
  advisory_ = std::min(kAdvisoryRenewal + jitter, life / 3);
  mandatory_ = std::min(kMandatoryRenewal, life / 5);
}

void CredentialCache::answer_waiters(const Result<Credentials>& found) {
  for (auto& [id, waiter] : std::exchange(waiters_, {})) {
    world_.loop.cancel(waiter.timer);
    answer(std::move(waiter.done), found);
  }
}

void CredentialCache::answer(CredentialsDone done, Result<Credentials> found) {
  world_.loop.post(
      [done = std::move(done), found = std::move(found)]() mutable { done(std::move(found)); });
}

}  // namespace tocsin::aws
