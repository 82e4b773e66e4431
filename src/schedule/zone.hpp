#pragma once
// A time zone as a list of spans with one offset each: what schedules need of the tz database.

#include <chrono>
#include <string>
#include <vector>

namespace tocsin::schedule {

// Immutable; safe to share between threads.
class Zone {
 public:
  struct Span {
    std::chrono::sys_seconds begin;  // the first instant with this offset
    std::chrono::sys_seconds end;    // the first instant after it
    std::chrono::seconds offset;     // local = UTC + offset
    std::chrono::seconds before;     // the offset that `begin` replaced; `offset` in the first span
  };

  // What the spans cover; instants outside belong to the first or the last span.
  static constexpr std::chrono::sys_seconds kBegin =
      std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
  static constexpr std::chrono::sys_seconds kEnd =
      std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};

  // One change of offset: from `at` on, local = UTC + offset.
  struct Change {
    std::chrono::sys_seconds at;
    std::chrono::seconds offset;
  };
  // `changes` in order of time; one that changes nothing is dropped.
  Zone(std::string name, std::chrono::seconds first_offset, const std::vector<Change>& changes);

  [[nodiscard]] const Span& at(std::chrono::sys_seconds instant) const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::vector<Span> spans_;
};

// The changes of the years up to `until_year` that follow from those before: what a tz database
// that ends with an explicit year (2037 in the compiled files) leaves out. Days of the later years
// take the rules of the latest listed year with the same weekdays.
[[nodiscard]] std::vector<Zone::Change> extend_rules(std::vector<Zone::Change> changes,
                                                     std::chrono::year last_listed,
                                                     std::chrono::year until_year);

}  // namespace tocsin::schedule
