#pragma once
// Calls AWS for real: finds the endpoint, signs with the credentials of the cache, repeats what may
// do better (the SDKs' standard mode, with one quota for all calls of a client), sets its
// signatures by the server's clock when ours is off, and renews credentials that a server calls
// expired. Loop thread only. No failure holds a secret.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/aws/api.hpp"
#include "adapters/aws/credential_cache.hpp"
#include "adapters/aws/endpoint.hpp"
#include "adapters/aws/exchange.hpp"
#include "adapters/aws/profile.hpp"
#include "adapters/aws/retry.hpp"
#include "adapters/aws/world.hpp"

namespace tocsin::aws {

struct ClientOptions {
  std::string region;
  std::string endpoint;  // "" by the environment, the profile, or computed from the region
  std::string profile = "default";
  int most_attempts = kMostAttempts;  // unless AWS_MAX_ATTEMPTS or the profile says otherwise
  Milliseconds first_delay = kFirstDelay;
  Milliseconds attempt_timeout{10'000};
  std::size_t most_calls = 1'024;  // at a time; one beyond it fails at once, as transient
};

class Client final : public Api {
 public:
  // `credentials` may be null for a client whose calls are all unsigned; else it outlives the
  // client.
  Client(const World& world, ClientOptions options, CredentialCache* credentials,
         const Profiles& profiles = {});
  ~Client() override;

  void call(ApiCall call, std::move_only_function<void(ApiResult)> done) override;

  // How far the servers' clocks are ahead of ours, as far as a refused signature has told.
  [[nodiscard]] Milliseconds clock_offset() const { return offset_; }

 private:
  struct Run;
  using RunPtr = std::shared_ptr<Run>;

  [[nodiscard]] const Result<std::string>& endpoint(const Service& service);
  void attempt(const RunPtr& run);
  void send(const RunPtr& run);
  void answered(const RunPtr& run, ExchangeResult result);
  void failed(const RunPtr& run, Failure failure, const Headers& headers, bool timed_out);
  [[nodiscard]] bool cure(Run& run, const Failure& failure, const Headers& headers);
  void finish(const RunPtr& run, ApiResult result);
  template <typename Call>
  auto guarded(Call call);

  World world_;
  ClientOptions options_;
  CredentialCache* credentials_;
  Profiles profiles_;
  std::string ca_file_;
  std::map<std::string_view, Result<std::string>> endpoints_;
  RetryQuota quota_;
  Milliseconds offset_{0};
  std::size_t calls_ = 0;
  std::shared_ptr<int> alive_;
};

}  // namespace tocsin::aws
