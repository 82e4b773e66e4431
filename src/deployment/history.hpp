#pragma once
// What is told of a service, as a history of its deployments: notices go in, the records that they
// change come out, to be stored under their ids. Durable with the service's state, and changed in
// the same step.
//
// A deployment ends once: only a failure may be followed by its rollback, and a deployment that
// ended with its service goes on should AWS show that service again. So notices that are fed a
// second time change nothing; that holds for the latest kMostEnded deployments.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "deployment/notice.hpp"
#include "deployment/record.hpp"

namespace tocsin::deployment {

class History {
 public:
  static constexpr std::size_t kMostRecords = 8;
  static constexpr std::size_t kMostEnded = 16;

  // `images` are those of the notice's task definition, as far as they are known by now. A record
  // learns of them with its beginning and its end. The result: what changed, each once.
  [[nodiscard]] std::vector<Record> note(const Notice& notice, const std::vector<Image>& images);

  // Those that may still change, the latest last.
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }

  bool operator==(const History&) const = default;

 private:
  friend std::string to_json(const History& history);
  friend History parse_history(std::string_view json);

  void apply(const Notice& notice, const std::vector<Image>& images);
  void begin(const Notice& notice, const std::vector<Image>& images);
  void roll_back(const Notice& notice, const std::vector<Image>& images);
  void supersede(const Notice& notice);
  void delete_service(const Notice& notice);
  // The record of that id, a new one when it was never heard of; nullptr: it ended for good.
  [[nodiscard]] Record* open(const Notice& notice, const std::string& id, Instant created,
                             const std::string& task_definition);
  void settle();

  std::vector<Record> records_;
  std::vector<std::string> ended_;  // ids of those that change no more, the latest last
};

[[nodiscard]] std::string to_json(const History& history);
// An empty one when it cannot be read: then what went on is not ended in the history.
[[nodiscard]] History parse_history(std::string_view json);

}  // namespace tocsin::deployment
