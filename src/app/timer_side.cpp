#include "app/timer_side.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <utility>

#include "adapters/store_sqlite/timers_sqlite.hpp"
#include "check/address.hpp"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kStopGrace = 3s;

SipKey fresh_key() {
  std::random_device device;
  const auto word = [&device] { return (std::uint64_t{device()} << 32U) | device(); };
  return {word(), word()};
}

}  // namespace

std::string timer_store_path(const config::TimerSettings& settings, const std::string& main_path) {
  if (!settings.path.empty()) {
    return settings.path;
  }
  const std::filesystem::path main(main_path);
  return (main.parent_path() / (main.stem().string() + "-timers" + main.extension().string()))
      .string();
}

TimerSide::TimerSide(Surroundings around)
    : around_(std::move(around)), loop_(around_.network.clock()) {}

Result<std::unique_ptr<TimerSide>> TimerSide::open(const config::TimerSettings& settings,
                                                   Surroundings around) {
  std::unique_ptr<TimerSide> side(new TimerSide(std::move(around)));
  if (settings.listen) {
    side->listen_ = *settings.listen;
    web::WireOptions options;
    options.listen = *settings.listen;
    options.connections = settings.connections;
    options.limits.head_bytes = settings.header_bytes;
    options.request_timeout = settings.request_timeout;
    options.idle_timeout = settings.idle_timeout;
    // The port first: who finds it taken must not touch the store.
    auto server = web::WireServer::open(
        side->loop_, side->around_.network.clock(), options,
        [raw = side.get()](const web::WireRequest& request, web::WireTicket ticket) {
          raw->wire_->handle(request, ticket);
        },
        side->around_.log, side->wire_stats_);
    if (!server) {
      return std::unexpected(std::move(server).error());
    }
    side->server_ = std::move(*server);
  }
  if (auto opened = side->open_store(settings); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  service::TimerDesk::Ports ports{side->loop_, side->around_.network.clock(), *side->store_,
                                  side->around_.log};
  side->desk_ = std::make_unique<service::TimerDesk>(
      ports,
      [raw = side.get()](service::Notice notice) {
        raw->around_.network.loop().post([raw, notice = std::move(notice)]() mutable {
          if (raw->teller_) {
            raw->teller_->tell(std::move(notice));
          }
        });
      },
      service::TimerDesk::Bounds{});
  side->wire_ = std::make_unique<web::TimerWire>(
      *side->desk_, settings, side->around_.log,
      [raw = side.get()](web::WireTicket ticket, const web::WireAnswer& answer) {
        raw->server_->answer(ticket, answer);
      });
  if (side->around_.watch != nullptr) {
    side->teller_ = std::make_unique<service::ExpiryTeller>(
        *side->around_.watch, *side->around_.store, side->around_.network.clock(),
        side->around_.link, [raw = side.get()](service::Notice notice) {
          raw->loop_.post(
              [raw, notice = std::move(notice)]() mutable { raw->desk_->told(std::move(notice)); });
        });
  }
  side->rules_ = side->teller_ ? settings.rules : std::vector<timer::Rule>{};
  side->desk_->apply(side->rules_, side->quiet());
  return side;
}

Result<void> TimerSide::open_store(const config::TimerSettings& settings) {
  if (settings.dynamodb) {
    auto opened = DynamoDbTimers::open(loop_, around_.network, around_.log,
                                       {.table = settings.dynamodb->table,
                                        .region = settings.dynamodb->region,
                                        .endpoint = settings.dynamodb->endpoint,
                                        .keep_expired = settings.keep_expired,
                                        .seed = fresh_key().low});
    if (!opened) {
      return std::unexpected(std::move(opened).error());
    }
    dynamodb_ = std::move(*opened);
    store_ = &dynamodb_->store();
    return {};
  }
  store_sqlite::TimersSqliteOptions options;
  options.path = timer_store_path(settings, around_.main_store_path);
  options.max_timers = settings.max_timers;
  options.keep_expired = settings.keep_expired;
  options.key = fresh_key();
  auto store = store_sqlite::TimersSqlite::open(loop_, around_.network.clock(), std::move(options),
                                                around_.log);
  if (!store) {
    return std::unexpected(std::move(store).error());
  }
  embedded_ = std::move(*store);
  store_ = embedded_.get();
  return {};
}

TimerSide::~TimerSide() {
  loop_.stop();
  if (thread_.joinable()) {
    thread_.join();
  }
  server_.reset();
  desk_.reset();
  embedded_.reset();
  dynamodb_.reset();
}

void TimerSide::start() {
  if (dynamodb_) {
    loop_.post([this] { dynamodb_->say_what_is_wrong(around_.log); });
  }
  thread_ = std::jthread([this] { loop_.run(); });
}

void TimerSide::apply(const config::TimerSettings& settings) {
  rules_ = teller_ ? settings.rules : std::vector<timer::Rule>{};
  loop_.post([this, settings, rules = rules_, quiet = quiet()] {
    wire_->apply(settings);
    desk_->apply(rules, quiet);
  });
}

std::vector<bool> TimerSide::quiet() const {
  return teller_ ? teller_->quiet(rules_) : std::vector<bool>{};
}

void TimerSide::tick() {
  count();
  if (!rules_.empty()) {
    loop_.post([this, quiet = quiet()] { desk_->set_quiet(quiet); });
  }
}

void TimerSide::stop(std::move_only_function<void()> done) {
  loop_.post([this, done = std::move(done)]() mutable {
    auto back = [this, done = std::move(done)]() mutable {
      around_.network.loop().post(std::move(done));
    };
    if (server_) {
      server_->stop(kStopGrace, std::move(back));
    } else {
      back();
    }
  });
}

template <typename T>
void TimerSide::ask(Answer<T> answer,
                    std::move_only_function<void(service::TimerDesk&, Answer<T>)> call) {
  loop_.post([this, answer = std::move(answer), call = std::move(call)]() mutable {
    call(*desk_, [this, answer = std::move(answer)](Result<T> result) mutable {
      around_.network.loop().post(
          [answer = std::move(answer), result = std::move(result)]() mutable {
            answer(std::move(result));
          });
    });
  });
}

void TimerSide::arm(std::string id, std::int64_t seconds, Answer<web::TimerView> answer) {
  ask<web::TimerView>(
      std::move(answer),
      [id = std::move(id), seconds](service::TimerDesk& desk, Answer<web::TimerView> back) {
        desk.arm(id, seconds,
                 [id, rule = desk.rule_name(id),
                  back = std::move(back)](Result<timer::Answer> armed) mutable {
                   back(armed ? Result<web::TimerView>(web::TimerView{id, *armed, rule})
                              : std::unexpected(std::move(armed).error()));
                 });
      });
}

void TimerSide::find(std::string id, Answer<std::optional<web::TimerView>> answer) {
  using Found = std::optional<web::TimerView>;
  ask<Found>(std::move(answer), [id = std::move(id)](service::TimerDesk& desk, Answer<Found> back) {
    desk.check(id, [id, rule = desk.rule_name(id),
                    back = std::move(back)](Result<std::optional<timer::Answer>> found) mutable {
      if (!found) {
        back(std::unexpected(std::move(found).error()));
      } else {
        back(*found ? Found(web::TimerView{id, **found, rule}) : Found());
      }
    });
  });
}

void TimerSide::disarm(std::string id, Answer<bool> answer) {
  ask<bool>(std::move(answer), [id = std::move(id)](service::TimerDesk& desk, Answer<bool> back) {
    desk.disarm(id, std::move(back));
  });
}

void TimerSide::list(std::string prefix, std::string cursor, std::size_t limit,
                     Answer<Page> answer) {
  ports::TimerQuery query{std::move(prefix), std::move(cursor), limit};
  ask<Page>(
      std::move(answer), [query = std::move(query)](service::TimerDesk& desk, Answer<Page> back) {
        desk.list(query, [back = std::move(back)](Result<service::TimerDesk::List> found) mutable {
          if (!found) {
            back(std::unexpected(std::move(found).error()));
            return;
          }
          Page page;
          page.next = std::move(found->next);
          for (auto& [id, shown, rule] : found->timers) {
            page.timers.push_back({std::move(id), shown, std::move(rule)});
          }
          back(std::move(page));
        });
      });
}

// What the timers' loop counts is brought over once a second.
void TimerSide::count() {
  loop_.post([this] {
    const ports::TimerStore::Stats store = store_->stats();
    const service::TimerDesk::Stats desk = desk_->stats();
    around_.network.loop().post([this, store, desk] {
      counted_.timers = store.timers;
      counted_.commits = store.commits;
      counted_.arms = store.arms;
      counted_.failures = store.failures;
      counted_.bytes = store.bytes;
      counted_.expired = desk.expired;
      counted_.late = desk.late;
      counted_.recovered = desk.recovered;
      counted_.waiting = desk.waiting;
    });
  });
}

web::TimerCalls::Counts TimerSide::counts() const {
  Counts out = counted_;
  out.connections = wire_stats_.connections;
  out.accepted = wire_stats_.accepted;
  out.rejected = wire_stats_.rejected;
  out.timeouts = wire_stats_.timeouts;
  out.malformed = wire_stats_.malformed;
  out.requests = wire_stats_.requests;
  return out;
}

std::string TimerSide::url() const {
  return server_ ? "http://" + check::format_host_port(listen_.host, server_->port()) : "";
}

}  // namespace tocsin::app
