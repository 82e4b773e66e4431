#pragma once
// What `run` shows a person on standard output: the table once, then a line per change. Never
// blocks the loop: what a full pipe cannot take at once is dropped.

#include <string>
#include <string_view>

#include "app/table.hpp"
#include "service/views.hpp"
#include "service/watch.hpp"

namespace tocsin::app {

// The terminal behind standard output, if there is one.
[[nodiscard]] TableStyle terminal_style();
// Of that terminal; without limit where there is none: what a program reads is not cut.
[[nodiscard]] std::size_t list_width();

[[nodiscard]] TableRow row_of(const service::MonitorView& view);

// Loop thread only.
class Console {
 public:
  explicit Console(TableStyle style) : style_(style) {}

  void print(std::string_view text);
  void table(const service::Watch& watch, Instant now);
  // Nothing before the table was shown: it tells the same.
  void change(const service::StateChange& change);
  [[nodiscard]] bool table_shown() const { return table_shown_; }

 private:
  TableStyle style_;
  bool table_shown_ = false;
};

// "09:22:13  checkout  up -> down  connection refused"
[[nodiscard]] std::string change_line(const service::StateChange& change, bool color);

}  // namespace tocsin::app
