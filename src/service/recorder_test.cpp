// Deployments while the store refuses. The other rows: tests/sim.

#include "service/recorder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/memory_store.hpp"
#include "support/virtual_loop.hpp"

namespace tocsin::service {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class RecorderDeployments : public testing::Test {
 protected:
  Recorder::Hooks hooks() {
    Recorder::Hooks out;
    out.record = [](std::uint32_t slot) -> std::optional<Snapshot> {
      Snapshot snapshot;
      snapshot.record.name = monitor_of(slot);
      snapshot.record.kind = "ecs";
      return snapshot;
    };
    out.written = [](const Touched&) {};
    out.apply = [](Change&) {};
    out.deliver = [](const std::vector<ports::OutboxRow>&) {};
    return out;
  }
  static std::string monitor_of(std::uint32_t slot) { return "prod/" + std::to_string(slot); }
  void submit(std::uint32_t slot, const std::string& id, const std::string& json) {
    ports::WriteBatch batch;
    batch.monitors.push_back(hooks().record(slot)->record);
    batch.deployments.push_back({monitor_of(slot), id, loop_.now(), json});
    Change change;
    change.slot = slot;
    recorder_.submit(std::move(batch), std::move(change));
    loop_.run_for(1s);
  }
  void sweep() {
    recorder_.sweep();
    loop_.run_for(1s);
  }
  // "prod/1 A {}"
  [[nodiscard]] std::vector<std::string> stored() const {
    std::vector<std::string> out;
    for (const auto& [key, row] : store_.contents().deployments) {
      out.push_back(row.monitor + " " + row.id + " " + row.json);
    }
    return out;
  }

  test::VirtualLoop loop_;
  test::MemoryStore store_{loop_, loop_};
  NullLogger log_;
  Recorder::Bounds bounds_{.journal_deployments = 3};
  Recorder recorder_{store_, loop_, log_, hooks(), bounds_};
};

TEST_F(RecorderDeployments, AreStoredWithTheirRecord) {
  submit(1, "A", "1");
  EXPECT_THAT(stored(), ElementsAre("prod/1 A 1"));
  EXPECT_FALSE(recorder_.degraded());
}

TEST_F(RecorderDeployments, AreHeldWhileTheStoreRefusesAndTheLatestVersionIsStored) {
  store_.refuse();
  submit(1, "A", "1");
  submit(1, "A", "2");
  submit(2, "B", "1");
  sweep();
  EXPECT_THAT(stored(), IsEmpty());
  submit(1, "A", "3");
  store_.accept();
  sweep();
  EXPECT_THAT(stored(), ElementsAre("prod/1 A 3", "prod/2 B 1"));
  EXPECT_FALSE(recorder_.degraded());
}

// Behind the last part of the journal a change is committed; before that it goes to the journal.
TEST_F(RecorderDeployments, ALaterVersionWinsOverOneThatComesBackRefused) {
  for (const bool last_part : {true, false}) {
    store_.refuse();
    submit(1, "A", "1");
    if (!last_part) submit(2, "B", "1");
    recorder_.sweep();
    submit(1, "A", last_part ? "2" : "3");
    store_.accept();
    sweep();
    sweep();
    EXPECT_EQ(stored().front(), last_part ? "prod/1 A 2" : "prod/1 A 3");
    EXPECT_FALSE(recorder_.degraded());
  }
}

TEST_F(RecorderDeployments, OfAMonitorThatIsGoneOrWrittenAnewAreKept) {
  store_.refuse();
  submit(1, "A", "1");
  submit(2, "B", "1");
  ports::WriteBatch removal;
  removal.removed = {"prod/1"};
  removal.deployments.push_back({"prod/1", "A", loop_.now(), "2"});
  recorder_.submit_removal(1, std::move(removal), {});
  recorder_.release(2);
  loop_.run_for(1s);
  submit(3, "C", "1");
  store_.accept();
  sweep();
  EXPECT_THAT(stored(), ElementsAre("prod/1 A 2", "prod/2 B 1", "prod/3 C 1"));
}

TEST_F(RecorderDeployments, AreNeverBehindTheirRecord) {
  store_.refuse();
  submit(1, "A", "1");
  submit(2, "B", "1");
  store_.accept();
  // The first part asks whether the store is back: one monitor, with what belongs to it.
  store_.refuse_from(store_.handed_over() + 2);
  sweep();
  EXPECT_THAT(stored(), ElementsAre("prod/1 A 1"));
  EXPECT_EQ(store_.contents().monitors.size(), 1U);
  store_.accept();
  sweep();
  EXPECT_THAT(stored(), ElementsAre("prod/1 A 1", "prod/2 B 1"));
}

TEST_F(RecorderDeployments, AreBounded) {
  store_.refuse();
  for (const char* id : {"A", "B", "C", "D"}) submit(1, id, "1");
  submit(1, "B", "2");
  store_.accept();
  sweep();
  EXPECT_THAT(stored(), ElementsAre("prod/1 A 1", "prod/1 B 2", "prod/1 C 1"));
  submit(1, "D", "2");
  EXPECT_EQ(stored().size(), 4U);
}

}  // namespace
}  // namespace tocsin::service
