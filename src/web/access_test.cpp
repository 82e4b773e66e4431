#include "web/access.hpp"

#include <gtest/gtest.h>

namespace tocsin::web {
namespace {

Request with(Headers headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

config::Settings with_tokens() {
  config::Settings settings;
  settings.tokens = {{"dash", config::Role::read, "read-secret"},
                     {"ci", config::Role::write, "write-secret"}};
  return settings;
}

TEST(Gate, AdmitsTokensByTheirRole) {
  const Gate gate(with_tokens());
  const Request reader = with({{"authorization", "Bearer read-secret"}});
  const Request writer = with({{"authorization", "bearer  write-secret"}});
  EXPECT_EQ(gate.admit(reader, "", Access::read)->name, "dash");
  EXPECT_EQ(gate.admit(writer, "", Access::read)->name, "ci");
  EXPECT_EQ(gate.admit(writer, "", Access::write)->name, "ci");
  const auto refused = gate.admit(reader, "", Access::write);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 403);
  EXPECT_EQ(refused.error().code, "forbidden");
}

TEST(Gate, RefusesEveryOtherCredential) {
  const Gate gate(with_tokens());
  for (const std::string_view value :
       {"", "Bearer", "Bearer ", "Bearer read-secre", "Bearer read-secret ", "Bearer read-secret2",
        "Basic read-secret", "read-secret", "Bearer write-secret read-secret"}) {
    const auto refused =
        gate.admit(with({{"authorization", std::string(value)}}), "", Access::read);
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().status, 401) << value;
  }
  EXPECT_FALSE(gate.admit(with({}), "", Access::metrics));
  EXPECT_FALSE(gate.admit(
      with({{"authorization", "Bearer read-secret"}, {"authorization", "Bearer write-secret"}}), "",
      Access::read));
}

TEST(Gate, NeverAdmitsAnEmptyToken) {
  config::Settings settings;
  settings.tokens = {{"broken", config::Role::write, ""}};
  const Gate gate(settings);
  EXPECT_FALSE(gate.admit(with({{"authorization", "Bearer  "}}), "", Access::read));
}

TEST(Gate, LeavesHealthOpenAndMetricsWhenPublic) {
  config::Settings settings = with_tokens();
  EXPECT_TRUE(Gate(settings).admit(with({}), "", Access::open));
  EXPECT_FALSE(Gate(settings).admit(with({}), "", Access::metrics));
  settings.public_metrics = true;
  EXPECT_TRUE(Gate(settings).admit(with({}), "", Access::metrics));
  EXPECT_FALSE(Gate(settings).admit(with({}), "", Access::read));
}

TEST(Gate, WithoutTokensAnswersOnlyToLoopbackNames) {
  const Gate gate(config::Settings{});
  for (const std::string_view host : {"localhost", "LOCALHOST:7400", "127.0.0.1:7400", "127.0.0.1",
                                      "[::1]", "[::1]:7400", "127.1.2.3:1"}) {
    EXPECT_TRUE(gate.admit(with({{"host", std::string(host)}}), "", Access::write)) << host;
  }
  for (const std::string_view host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:99999",
        "localhost:x", "::1", "[::1", "[::2]", "128.0.0.1", "0x7f.0.0.1", "localhost:1:2",
        "127.0.0.1@evil.example", "10.0.0.1:7400", "localhost "}) {
    const auto refused = gate.admit(with({{"host", std::string(host)}}), "", Access::open);
    ASSERT_FALSE(refused) << host;
    EXPECT_EQ(refused.error().code, "host_not_allowed") << host;
  }
  EXPECT_FALSE(gate.admit(with({{"host", "localhost"}}), "evil.example", Access::open));
  EXPECT_FALSE(gate.admit(with({}), "", Access::open));
}

TEST(Gate, AsksNothingWhenUnauthenticatedAccessIsMeant) {
  config::Settings settings;
  settings.allow_unauthenticated = true;
  EXPECT_TRUE(Gate(settings).admit(with({{"host", "tocsin.example"}}), "", Access::write));
}

TEST(ListenSafety, RefusesAnOpenListenerWithoutTokens) {
  config::Settings settings;
  for (const std::string_view host : {"0.0.0.0", "::", "[::]", "10.1.2.3", "tocsin.example", ""}) {
    settings.listen.host = host;
    const auto safe = check_listen_safety(settings);
    ASSERT_FALSE(safe) << host;
    EXPECT_EQ(safe.error().code, ErrorCode::invalid);
    EXPECT_NE(safe.error().message.find("auth.tokens"), std::string::npos);
    EXPECT_NE(safe.error().message.find("allow_unauthenticated"), std::string::npos);
  }
  settings.allow_unauthenticated = true;
  EXPECT_TRUE(check_listen_safety(settings));
}

TEST(ListenSafety, AllowsLoopbackAndTokens) {
  config::Settings settings;
  for (const std::string_view host : {"127.0.0.1", "localhost", "::1", "[::1]"}) {
    settings.listen.host = host;
    EXPECT_TRUE(check_listen_safety(settings)) << host;
  }
  settings = with_tokens();
  settings.listen.host = "0.0.0.0";
  EXPECT_TRUE(check_listen_safety(settings));
}

}  // namespace
}  // namespace tocsin::web
