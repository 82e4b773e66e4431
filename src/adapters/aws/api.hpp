#pragma once
// Calls AWS. Real: aws::Client; stores and channels that speak to AWS are tested on a scripted one.

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "adapters/aws/failure.hpp"
#include "adapters/aws/operation.hpp"
#include "base/time.hpp"

namespace tocsin::aws {

struct ApiCall {
  const Operation& operation;
  std::string json;       // of a JSON service
  Parameters parameters;  // of a query service
  MonoTime deadline{};    // of all attempts together, credentials included
};

struct ApiAnswer {
  std::string body;
  std::string request_id;
  int attempts = 1;  // more than 1: an earlier attempt may have been carried out as well
  std::optional<Instant> server_time{};  // the answer's Date
};

using ApiResult = std::expected<ApiAnswer, Failure>;

class Api {
 public:
  Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  virtual ~Api() = default;

  // Loop thread. `done` runs exactly once on the loop thread, never inline, at the latest shortly
  // after the deadline; not at all once the Api is gone. A failure after which the call may yet be
  // carried out (no answer came) is `transient` with status 0.
  virtual void call(ApiCall call, std::move_only_function<void(ApiResult)> done) = 0;
};

}  // namespace tocsin::aws
