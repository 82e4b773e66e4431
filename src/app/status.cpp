// `tocsin status`: the monitors of a running daemon in a terminal.

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/network.hpp"
#include "check/json.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

constexpr Microseconds kRefreshEvery = 2s;

TableRow row_of(check::JsonValue item) {
  const auto holds = [item](std::string_view name) {
    return item.find(name).boolean().value_or(false);
  };
  TableRow row;
  row.name = item.find("name").string().value_or("?");
  row.kind = item.find("kind").string().value_or("?");
  row.state = item.find("state").string().value_or("?");
  const bool acknowledged =
      item.find("incident").find("acknowledged").kind() == check::JsonKind::object;
  row.overlays = overlay_text(holds("paused"), holds("silenced"), holds("flapping"), acknowledged);
  row.since = parse_rfc3339(item.find("since").string().value_or("")).value_or(Instant{});
  const check::JsonValue last = item.find("last");
  row.message = last.find("message").string().value_or("");
  if (const std::string_view took = last.find("duration_ms").number(); !took.empty()) {
    std::int64_t whole = 0;  // a fraction of a millisecond is not shown
    std::from_chars(took.data(), took.data() + took.size(), whole);
    row.duration = took_text(Milliseconds{whole});
  }
  return row;
}

// Fetches every page, shows them, and again when watching. A watch that has shown something
// outlives what it watches: it says what is wrong and asks again.
class StatusView {
 public:
  StatusView(Network& network, ApiClient client, const StatusOptions& options)
      : network_(network), client_(std::move(client)), options_(options) {}

  int run() {
    network_.loop().post([this] { fetch(""); });
    network_.loop().run();
    return exit_code_;
  }

 private:
  void fetch(const std::string& cursor) {
    std::string path = "/api/v1/monitors?limit=1000";
    if (!cursor.empty()) {
      path += "&cursor=" + cursor;
    }
    client_.get(path, [this](Result<ApiClient::Answer> answer) { take_page(std::move(answer)); });
  }

  void take_page(Result<ApiClient::Answer> answer) {
    if (!answer) {
      give_up(answer.error().message);
      return;
    }
    const auto body = check::parse_json(answer->body);
    if (!body || answer->status != 200) {
      const std::string said =
          body ? body->find("error").find("message").string().value_or("") : "not JSON";
      give_up(fmt::format("{} answered {}: {}", options_.url, answer->status, said));
      return;
    }
    for (check::JsonItems items(body->find("items")); items.next();) {
      if (options_.json) {
        json_ += json_.empty() ? "" : ",\n";
        json_ += items.value().text();
      } else {
        rows_.push_back(row_of(items.value()));
      }
    }
    if (const auto next = body->find("next").string()) {
      fetch(*next);
      return;
    }
    show();
  }

  void show() {
    if (options_.json) {
      fmt::print("{{\"items\":[{}]}}\n", json_);
    } else {
      const TableStyle style = terminal_style();
      if (options_.watch && style.color) {
        fmt::print("\x1b[H\x1b[2J");  // cursor to the corner, clear the screen
      }
      fmt::print("{}", render_table(std::move(rows_), network_.clock().now(), style));
    }
    std::fflush(stdout);
    shown_ = true;
    if (options_.watch) {
      ask_again();
    } else {
      network_.loop().stop();
    }
  }

  void ask_again() {
    rows_.clear();
    json_.clear();
    network_.loop().call_at(network_.clock().mono_now() + kRefreshEvery, [this] { fetch(""); });
  }

  void give_up(const std::string& message) {
    fmt::print(stderr, "tocsin: {}\n", message);
    if (options_.watch && shown_) {
      ask_again();
      return;
    }
    exit_code_ = kFailed;
    network_.loop().stop();
  }

  Network& network_;
  ApiClient client_;
  const StatusOptions& options_;
  std::vector<TableRow> rows_;
  std::string json_;
  bool shown_ = false;  // an answer came
  int exit_code_ = kDone;
};

}  // namespace

int show_status(const StatusOptions& options) {
  Network network({});
  auto client = ApiClient::at(network, options.url, options.token);
  if (!client) {
    fmt::print(stderr, "tocsin: {}\n", client.error().message);
    return kUsage;
  }
  StatusView view(network, std::move(*client), options);
  const int code = view.run();
  network.stop_clients();
  return code;
}

}  // namespace tocsin::app
