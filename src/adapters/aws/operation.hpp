#pragma once
// Every call that Tocsin makes to AWS, as a table: a new one is a row here, not a class. Pure.
// Sources: the service models (operation names); "STS API reference" for what is not signed.

#include <cstdint>
#include <string_view>

#include "adapters/aws/service.hpp"

namespace tocsin::aws {

struct Operation {
  const Service& service;
  std::string_view name;
  bool is_signed = true;  // false: what comes with the call proves who asks
};

namespace operation {

inline constexpr Operation kAssumeRole{kSts, "AssumeRole"};
inline constexpr Operation kAssumeRoleWithWebIdentity{kSts, "AssumeRoleWithWebIdentity", false};
inline constexpr Operation kGetCallerIdentity{kSts, "GetCallerIdentity"};

inline constexpr Operation kDeleteItem{kDynamoDb, "DeleteItem"};
inline constexpr Operation kDescribeTable{kDynamoDb, "DescribeTable"};
inline constexpr Operation kGetItem{kDynamoDb, "GetItem"};
inline constexpr Operation kPutItem{kDynamoDb, "PutItem"};
inline constexpr Operation kQuery{kDynamoDb, "Query"};
inline constexpr Operation kScan{kDynamoDb, "Scan"};
inline constexpr Operation kUpdateItem{kDynamoDb, "UpdateItem"};

inline constexpr Operation kDescribeServiceDeployments{kEcs, "DescribeServiceDeployments"};
inline constexpr Operation kDescribeServices{kEcs, "DescribeServices"};
inline constexpr Operation kDescribeTaskDefinition{kEcs, "DescribeTaskDefinition"};
inline constexpr Operation kDescribeTasks{kEcs, "DescribeTasks"};
inline constexpr Operation kListServices{kEcs, "ListServices"};
inline constexpr Operation kListTasks{kEcs, "ListTasks"};

}  // namespace operation
}  // namespace tocsin::aws
