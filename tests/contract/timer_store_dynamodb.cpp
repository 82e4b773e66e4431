// The contract suite of the timers' stores on DynamoDB's stand-ins.

#include "contract/dynamodb_backend.hpp"

namespace tocsin::test {

std::vector<TimerBackendKind> timer_backends() {
  return {
      {"moto", [] { return std::unique_ptr<TimerBackend>(new DynamoDbBackend("TOCSIN_MOTO")); }},
      {"dynalite",
       [] { return std::unique_ptr<TimerBackend>(new DynamoDbBackend("TOCSIN_DYNALITE")); }}};
}

}  // namespace tocsin::test
