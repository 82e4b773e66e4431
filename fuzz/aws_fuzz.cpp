// What AWS and the files of its SDKs may say, over hostile text: errors, credentials, profiles. No
// error of ours may quote an answer, which could hold a secret.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/aws/credential_answer.hpp"
#include "adapters/aws/credential_plan.hpp"
#include "adapters/aws/failure.hpp"
#include "adapters/aws/profile.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"

namespace {

using namespace tocsin;

void check_credentials(const Result<aws::Credentials>& found) {
  if (found) {
    TOCSIN_ASSERT(!found->access_key_id.empty());
    TOCSIN_ASSERT(!found->secret_access_key.empty());
  } else {
    TOCSIN_ASSERT(!found.error().message.empty());
    TOCSIN_ASSERT(found.error().message.size() < 200);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const aws::Failure failure = aws::failure_of(400, {{"x-amzn-errortype", "X"}}, text);
  TOCSIN_ASSERT(failure.code == "X");
  const std::string sentence = aws::to_string(aws::failure_of(500, {}, text));
  TOCSIN_ASSERT(is_utf8(sentence));
  check_credentials(aws::read_container_answer(text));
  check_credentials(aws::read_process_answer(text));
  check_credentials(aws::read_sso_answer(text));
  check_credentials(aws::read_sts_answer(text));
  static_cast<void>(aws::read_sso_token(text));
  const aws::Profiles profiles = aws::parse_profiles(text, text);
  for (const auto& [name, section] : profiles.profiles) {
    TOCSIN_ASSERT(!name.empty());
    for (const auto& [key, value] : section) {
      TOCSIN_ASSERT(!key.empty());
      TOCSIN_ASSERT(value.find('\n') == value.npos);
    }
  }
  for (const auto& [name, section] : profiles.profiles) {
    const auto plan = aws::plan_credentials(
        [](std::string_view) -> std::optional<std::string> { return std::nullopt; }, profiles,
        name);
    TOCSIN_ASSERT(plan || !plan.error().message.empty());
  }
  if (const auto argv = aws::split_command(text)) {
    TOCSIN_ASSERT(!argv->empty() && !argv->front().empty());
  }
  return 0;
}
