#include "app/console.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.hpp"
#include "check/json.hpp"
#include "service/troubles.hpp"

namespace tocsin::app {
namespace {

std::string last_message(std::string_view last_json) {
  const auto parsed = check::parse_json(last_json);
  return parsed ? parsed->find("message").string().value_or("") : "";
}

}  // namespace

TableStyle terminal_style() {
  TableStyle style;
  winsize size{};
  if (isatty(STDOUT_FILENO) != 0) {
    style.color = true;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      style.width = size.ws_col;
    }
  }
  return style;
}

std::size_t list_width() {
  return isatty(STDOUT_FILENO) != 0 ? terminal_style().width : std::string::npos;
}

TableRow row_of(const service::MonitorView& view) {
  TableRow row;
  row.name = view.config->name;
  row.kind = check::kind_of(*view.config->check);
  row.state = alert::to_string(view.state.state);
  row.overlays = overlay_text(view.paused, view.silenced, view.flapping);
  row.since = view.state.since;
  if (!view.last_json.empty()) {
    row.duration = took_text(view.last_duration);
    row.message = last_message(view.last_json);
  }
  return row;
}

void Console::print(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{STDOUT_FILENO, POLLOUT, 0};
    if (poll(&ready, 1, 0) <= 0 || (ready.revents & POLLOUT) == 0) {
      return;
    }
    // A pipe that is ready takes this much without blocking (PIPE_BUF, pipe(7)).
    const ssize_t written =
        write(STDOUT_FILENO, text.data(), std::min<std::size_t>(text.size(), 4096));
    if (written <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Console::table(const service::Watch& watch, Instant now) {
  std::vector<TableRow> rows;
  rows.reserve(watch.size());
  for (std::size_t i = 0; i < watch.size(); ++i) {
    rows.push_back(row_of(watch.view(i)));
  }
  table_shown_ = true;
  print(render_table(std::move(rows), now, style_));
}

void Console::change(const service::StateChange& change) {
  if (table_shown_) {
    print(change_line(change, style_.color));
  }
}

std::string change_line(const service::StateChange& change, bool color) {
  const std::string at = format_rfc3339(change.at).substr(11, 8);
  // Neither Tocsin itself nor a timer has a state of a monitor.
  if (change.event != nullptr &&
      (change.event->kind == service::kSelfKind || change.event->type.starts_with("timer_"))) {
    return fmt::format("{}  {}  {}  {}\n", at, change.event->monitor, change.event->state,
                       printable(change.event->message));
  }
  // Services do several things at a time: what happened says more than up or down.
  if (change.event != nullptr && change.event->kind == "ecs") {
    return fmt::format("{}  {}\n", at, printable(change.event->message));
  }
  const std::string_view to = alert::to_string(change.to);
  std::string line = fmt::format("{}  {}  {} -> {}", at, printable(change.monitor),
                                 alert::to_string(change.from), colored(to, to, color));
  if (change.event != nullptr && change.event->outage) {
    line += fmt::format("  after {}", format_duration(*change.event->outage));
  }
  if (!change.message.empty()) {
    line += fmt::format("  {}", printable(change.message));
  }
  return line + "\n";
}

}  // namespace tocsin::app
