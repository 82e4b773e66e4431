#include "adapters/aws/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::aws {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(Profiles, BothFilesNameThemInTheirOwnWay) {
  const Profiles out = parse_profiles(
      "[default]\nregion = eu-west-1\n[profile ops]\nrole_arn=arn:aws:iam::1:role/ops\n"
      "[sso-session corp]\nsso_region = us-east-1\n[services local]\ndynamodb =\n"
      "  endpoint_url = http://localhost:8000\n",
      "[default]\naws_access_key_id = AKID\n[ops]\nAWS_Access_Key_Id=OTHER\n");
  ASSERT_NE(out.profile("default"), nullptr);
  EXPECT_THAT(*out.profile("default"),
              UnorderedElementsAre(Pair("region", "eu-west-1"), Pair("aws_access_key_id", "AKID")));
  EXPECT_EQ(value_of(*out.profile("ops"), "aws_access_key_id"), "OTHER");
  EXPECT_EQ(value_of(*out.profile("ops"), "role_arn"), "arn:aws:iam::1:role/ops");
  EXPECT_EQ(value_of(out.sso_sessions.at("corp"), "sso_region"), "us-east-1");
  EXPECT_EQ(value_of(out.services.at("local"), "dynamodb.endpoint_url"), "http://localhost:8000");
  EXPECT_EQ(out.profile("nobody"), nullptr);
}

TEST(Profiles, TheCredentialsFileBeatsTheConfigFile) {
  const Profiles out = parse_profiles("[profile a]\nk = config\n", "[a]\nk = credentials\n");
  EXPECT_EQ(value_of(*out.profile("a"), "k"), "credentials");
}

TEST(Profiles, ACommentNeedsABlankBeforeItWithinAValue) {
  const Profiles out = parse_profiles("",
                                      "# all\n; of\n[a]\nsecret = x#y;z\nregion = r # here\n"
                                      "   # indented\nname = b ; there\n");
  EXPECT_THAT(*out.profile("a"), UnorderedElementsAre(Pair("secret", "x#y;z"), Pair("region", "r"),
                                                      Pair("name", "b")));
}

TEST(Profiles, WindowsLinesAndBlanksAreTaken) {
  const Profiles out = parse_profiles("", " \r\n[a]\r\n\tk\t=\tv \r\n");
  EXPECT_EQ(value_of(*out.profile("a"), "k"), "v");
}

TEST(Profiles, WhatIsNotUnderstoodIsPassedOver) {
  const Profiles out =
      parse_profiles("before = any\n[a]\nk = not a profile\n[profile \nx = y\n[]\n",
                     "[open\nk = v\nno equals\n= nothing\n[]\nz = w\n");
  EXPECT_THAT(out.profiles, IsEmpty());
}

TEST(Profiles, ASectionThatComesTwiceIsOne) {
  const Profiles out = parse_profiles("", "[a]\nk = 1\nl = 2\n[a]\nk = 3\n");
  EXPECT_THAT(*out.profile("a"), UnorderedElementsAre(Pair("k", "3"), Pair("l", "2")));
}

}  // namespace
}  // namespace tocsin::aws
