#pragma once
// One store under test, and which there are: every suite of the contract runs on each.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "contract/store_harness.hpp"

namespace tocsin::test {

struct StoreKind {
  const char* name;
  std::unique_ptr<Backend> (*make)();
};

inline auto all_stores() {
  return ::testing::Values(StoreKind{"Memory", make_memory_backend},
                           StoreKind{"Sqlite", make_sqlite_backend},
                           StoreKind{"SqliteOnFaultVfs", make_faulty_sqlite_backend});
}
inline std::string name_of_store(const ::testing::TestParamInfo<StoreKind>& info) {
  return info.param.name;
}

class StoreSuite : public ::testing::TestWithParam<StoreKind> {
 protected:
  // Once more: what was committed is there.
  ports::Store& open(const Backend::Options& options = {}) {
    store_ = &backend_->open(loop_, options);
    return *store_;
  }
  void must_commit(ports::WriteBatch batch) {
    const auto done = commit(loop_, *store_, std::move(batch));
    ASSERT_TRUE(done) << done.error().message;
  }

  PumpLoop loop_;
  std::unique_ptr<Backend> backend_ = GetParam().make();
  ports::Store* store_ = nullptr;
};

}  // namespace tocsin::test
