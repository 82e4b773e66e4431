#include "adapters/ecs_aws/ecs_aws.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "support/virtual_loop.hpp"

namespace tocsin::ecs_aws {
namespace {

using namespace std::chrono_literals;
using ports::EcsFailureKind;
using testing::ElementsAre;
using testing::HasSubstr;

// Answers calls in order and remembers them as "Operation {json}".
class ScriptedApi final : public aws::Api {
 public:
  explicit ScriptedApi(test::VirtualLoop& loop) : loop_(loop) {}
  void call(aws::ApiCall call, std::move_only_function<void(aws::ApiResult)> done) override {
    calls.push_back(std::string(call.operation.name) + " " + call.json);
    services.emplace_back(call.operation.service.signing_name);
    ASSERT_FALSE(answers.empty());
    loop_.post([done = std::move(done), answer = std::move(answers.front())]() mutable {
      done(std::move(answer));
    });
    answers.pop_front();
  }

  std::vector<std::string> calls;
  std::vector<std::string> services;
  std::deque<aws::ApiResult> answers;

 private:
  test::VirtualLoop& loop_;
};

class EcsAwsTest : public ::testing::Test {
 protected:
  // What the call answers, run to its end.
  template <typename T, typename Call>
  std::expected<T, ports::EcsFailure> ask(Call call) {
    std::optional<std::expected<T, ports::EcsFailure>> got;
    call(ports::EcsApi::Answer<T>(
        [&got](std::expected<T, ports::EcsFailure> result) { got = std::move(result); }));
    EXPECT_FALSE(got) << "answered inline";
    loop_.run_ready();
    EXPECT_TRUE(got);
    return got ? std::move(*got) : std::unexpected(ports::EcsFailure{});
  }
  void answers(std::string body, std::optional<Instant> date = std::nullopt) {
    api_.answers.emplace_back(aws::ApiAnswer{std::move(body), "req-1", 1, date});
  }

  test::VirtualLoop loop_;
  ScriptedApi api_{loop_};
  EcsAws ecs_{api_, loop_};
  MonoTime deadline_ = loop_.mono_now() + 10s;
};

TEST_F(EcsAwsTest, ServicesAreListedAHundredAtATime) {
  answers(R"({"serviceArns": ["a"], "nextToken": "more"})");
  answers(R"({"serviceArns": ["b"]})");
  const auto list = [&](const std::string& next) {
    return ask<ports::EcsServiceNames>(
        [&](auto answer) { ecs_.list_services("prod", next, deadline_, std::move(answer)); });
  };
  EXPECT_EQ(list("")->next, "more");
  EXPECT_THAT(list("more")->arns, ElementsAre("b"));
  EXPECT_THAT(
      api_.calls,
      ElementsAre(R"(ListServices {"cluster":"prod","maxResults":100})",
                  R"(ListServices {"cluster":"prod","maxResults":100,"nextToken":"more"})"));
  EXPECT_THAT(api_.services, ElementsAre("ecs", "ecs"));
}

TEST_F(EcsAwsTest, ADescriptionHasTheTimeOfTheServerThatGaveIt) {
  const Instant theirs = loop_.now() + 1h;
  answers(R"({"services": [{"serviceName": "web"}]})", theirs);
  answers(R"({"services": []})");
  const auto describe = [&](bool tags) {
    return ask<ports::EcsServices>([&](auto answer) {
      ecs_.describe_services("prod", {"web", "api"}, tags, deadline_, std::move(answer));
    });
  };
  EXPECT_EQ(describe(true)->now, theirs);
  EXPECT_EQ(describe(false)->now, loop_.now());
  EXPECT_THAT(
      api_.calls,
      ElementsAre(
          R"(DescribeServices {"cluster":"prod","services":["web","api"],"include":["TAGS"]})",
          R"(DescribeServices {"cluster":"prod","services":["web","api"]})"));
}

TEST_F(EcsAwsTest, TheOtherCallsAreSpelledAsTheModelHasThem) {
  answers(R"({"serviceDeployments": []})");
  answers(R"({"taskArns": [], "nextToken": "p2"})");
  answers(R"({"taskArns": []})");
  answers(R"({"tasks": []})");
  answers(R"({"taskDefinition": {}})");
  EXPECT_TRUE(ask<ports::EcsApi::ServiceDeployments>([&](auto answer) {
    ecs_.describe_service_deployments({"arn"}, deadline_, std::move(answer));
  }));
  for (const std::string next : {"", "p2"}) {
    EXPECT_TRUE(ask<ports::EcsTaskArns>([&](auto answer) {
      ecs_.list_stopped_tasks("prod", "web", next, deadline_, std::move(answer));
    }));
  }
  EXPECT_TRUE(ask<std::vector<deployment::Task>>(
      [&](auto answer) { ecs_.describe_tasks("prod", {"t"}, deadline_, std::move(answer)); }));
  EXPECT_TRUE(ask<ports::EcsTaskDefinition>(
      [&](auto answer) { ecs_.describe_task_definition("web:1", deadline_, std::move(answer)); }));
  EXPECT_THAT(
      api_.calls,
      ElementsAre(R"(DescribeServiceDeployments {"serviceDeploymentArns":["arn"]})",
                  R"(ListTasks {"cluster":"prod","serviceName":"web",)"
                  R"("desiredStatus":"STOPPED","maxResults":100})",
                  R"(ListTasks {"cluster":"prod","serviceName":"web",)"
                  R"("desiredStatus":"STOPPED","maxResults":100,"nextToken":"p2"})",
                  R"(DescribeTasks {"cluster":"prod","tasks":["t"]})",
                  R"(DescribeTaskDefinition {"taskDefinition":"web:1","include":["TAGS"]})"));
}

TEST_F(EcsAwsTest, AFailureAndAnAnswerThatIsNoneAreTold) {
  aws::Failure failure;
  failure.kind = aws::FailureKind::throttled;
  failure.code = "ThrottlingException";
  api_.answers.emplace_back(std::unexpected(failure));
  answers("<html>welcome to the hotel's network</html>");
  const auto list = [&] {
    return ask<ports::EcsServiceNames>(
        [&](auto answer) { ecs_.list_services("prod", "", deadline_, std::move(answer)); });
  };
  EXPECT_EQ(list().error().kind, EcsFailureKind::throttled);
  const auto page = list();
  EXPECT_EQ(page.error().kind, EcsFailureKind::unanswered);
  EXPECT_THAT(page.error().message, HasSubstr("ecs:ListServices"));
  EXPECT_THAT(page.error().message, HasSubstr("req-1"));
}

}  // namespace
}  // namespace tocsin::ecs_aws
