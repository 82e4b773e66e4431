#include "adapters/aws/credential_cache.hpp"

#include <gtest/gtest.h>

#include "adapters/aws/test_world.hpp"

namespace tocsin::aws {
namespace {

using namespace std::chrono_literals;

class AwsCredentialCache : public testing::Test {
 protected:
  AwsCredentialCache()
      : cache_(world_.world(), [this](CredentialsDone done) {
          ++fetches_;
          world_.loop.call_at(world_.loop.mono_now() + takes_,
                              [this, done = std::move(done)]() mutable {
                                if (fails_) {
                                  done(fail(ErrorCode::unavailable, "no service"));
                                  return;
                                }
                                Credentials set{"A" + std::to_string(fetches_), "s", "t", {}};
                                if (life_ != 0ms) {
                                  set.expires = world_.loop.now() + life_;
                                }
                                done(set);
                              });
        }) {}

  // The access key id, or the error.
  std::string get(Milliseconds within = 20s) {
    std::string out = "no answer";
    cache_.get(world_.loop.mono_now() + within, [&](Result<Credentials> found) {
      out = found ? found->access_key_id : found.error().message;
    });
    world_.loop.run_until(world_.loop.mono_now() + within);
    return out;
  }

  TestWorld world_;
  int fetches_ = 0;
  bool fails_ = false;
  Milliseconds takes_{10};
  Milliseconds life_{3'600'000};
  CredentialCache cache_;
};

TEST_F(AwsCredentialCache, ManyWhoWaitShareOneFetch) {
  int answers = 0;
  for (int i = 0; i < 100; ++i) {
    cache_.get(world_.loop.mono_now() + 20s, [&](Result<Credentials> found) {
      EXPECT_EQ(found->access_key_id, "A1");
      ++answers;
    });
  }
  world_.loop.run_for(1s);
  EXPECT_EQ(answers, 100);
  EXPECT_EQ(fetches_, 1);
}

TEST_F(AwsCredentialCache, KeysThatLastAreFetchedOnce) {
  life_ = 0ms;
  EXPECT_EQ(get(), "A1");
  world_.loop.run_for(1000h);
  EXPECT_EQ(get(), "A1");
}

TEST_F(AwsCredentialCache, RenewsOnTheSideAheadOfTheEnd) {
  EXPECT_EQ(get(), "A1");
  world_.loop.run_for(40min);
  EXPECT_EQ(get(), "A1");
  EXPECT_EQ(fetches_, 1);
  takes_ = 5s;
  world_.loop.run_for(6min);  // 14 minutes left: within 15 and beyond 10
  EXPECT_EQ(get(1s), "A1") << "the old set serves while the new one comes";
  EXPECT_EQ(fetches_, 2);
  world_.loop.run_for(10s);
  EXPECT_EQ(get(), "A2");
  EXPECT_EQ(fetches_, 2);
}

TEST_F(AwsCredentialCache, CloseToTheEndCallersWaitForTheNewSet) {
  EXPECT_EQ(get(), "A1");
  world_.loop.run_for(51min);
  takes_ = 5s;
  EXPECT_EQ(get(), "A2");
}

TEST_F(AwsCredentialCache, AFailedRenewalKeepsTheOldSetUntilItExpires) {
  EXPECT_EQ(get(), "A1");
  fails_ = true;
  world_.loop.run_for(52min);
  EXPECT_EQ(get(), "A1");
  EXPECT_EQ(get(), "A1");
  EXPECT_EQ(fetches_, 2) << "not tried again within 30 s";
  world_.loop.run_for(10min);
  EXPECT_EQ(get(), "no service");
}

TEST_F(AwsCredentialCache, FailuresAreSharedForASecond) {
  fails_ = true;
  EXPECT_EQ(get(100ms), "no service");
  EXPECT_EQ(get(100ms), "no service");
  EXPECT_EQ(fetches_, 1);
  world_.loop.run_for(1s);
  fails_ = false;
  EXPECT_EQ(get(), "A2");
}

TEST_F(AwsCredentialCache, NobodyWaitsBeyondItsDeadline) {
  takes_ = 1h;
  EXPECT_EQ(get(2s), "the AWS credentials did not come in time");
}

TEST_F(AwsCredentialCache, AShortLifeDoesNotMeanAFetchForEveryCall) {
  life_ = 900s;
  EXPECT_EQ(get(), "A1");
  for (int i = 0; i < 20; ++i) {
    get(1s);
  }
  EXPECT_EQ(fetches_, 1);
}

TEST_F(AwsCredentialCache, ARefusedSetIsFetchedAnewUnlessItJustCame) {
  EXPECT_EQ(get(), "A1");
  const Credentials used{"A1", "s", "t", {}};
  world_.loop.run_for(1min);
  EXPECT_TRUE(cache_.refused(used));
  EXPECT_EQ(get(1s), "A2");
  EXPECT_TRUE(cache_.refused(used)) << "a newer one is there";
  EXPECT_FALSE(cache_.refused({"A2", "s", "t", {}}));
  EXPECT_EQ(get(1s), "A2");
}

TEST_F(AwsCredentialCache, ASetThatHadExpiredWhenItCameIsAnError) {
  life_ = -1h;
  EXPECT_NE(get().find("had expired at"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::aws
