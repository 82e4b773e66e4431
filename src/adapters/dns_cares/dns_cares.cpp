#include "adapters/dns_cares/dns_cares.hpp"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "adapters/dns_cares/channel.hpp"

namespace tocsin::adapters {
namespace {

using ports::Resolved;
using Done = std::move_only_function<void(Resolved)>;

constexpr Milliseconds kTick{100};  // how late a retry may be
constexpr std::chrono::seconds kLookAtSettings{10};
constexpr const char* kSettingsFile = "/etc/resolv.conf";

// Whether the name is an address, and if so what resolving it gives.
bool resolve_numeric(const std::string& name, check::IpFamily family, Resolved& out) {
  in6_addr address{};
  const bool v4 = inet_pton(AF_INET, name.c_str(), &address) == 1;
  if (!v4 && inet_pton(AF_INET6, name.c_str(), &address) != 1) {
    return false;
  }
  const auto own = v4 ? check::IpFamily::v4 : check::IpFamily::v6;
  if (family != check::IpFamily::any && family != own) {
    out = {Resolved::Kind::no_data, {}, v4 ? "not an IPv6 address" : "not an IPv4 address"};
  } else {
    out = {Resolved::Kind::found, {name}, ""};
  }
  return true;
}

std::string settings_version() {
  struct stat facts{};
  if (stat(kSettingsFile, &facts) != 0) {
    return {};
  }
  return std::to_string(facts.st_ino) + ' ' + std::to_string(facts.st_mtim.tv_sec) + '.' +
         std::to_string(facts.st_mtim.tv_nsec);
}

}  // namespace

class DnsCares::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(ports::Loop& loop, const ports::Clock& clock, boost::asio::io_context& context,
       DnsOptions options)
      : loop_(loop), clock_(clock), context_(context), options_(std::move(options)) {
    settings_version_ = settings_version();
    look_again_ = clock_.mono_now() + kLookAtSettings;
    channel_ = Channel::open(context_, options_);
  }

  void resolve(const std::string& name, check::IpFamily family, MonoTime deadline, Done done) {
    Resolved immediate;
    if (resolve_numeric(name, family, immediate)) {
      post(std::move(done), std::move(immediate));
      return;
    }
    Key key{lower_case(name), family};
    const auto known = lookups_.find(key);
    if (known == lookups_.end() && lookups_.size() >= options_.max_lookups) {
      post(std::move(done), {Resolved::Kind::no_answer, {}, "too many lookups at a time"});
      return;
    }
    auto waiter = std::make_shared<Waiter>();
    waiter->done = std::move(done);
    waiter->timer = loop_.call_at(deadline, [self = shared_from_this(), waiter] {
      waiter->timer = 0;
      self->answer(*waiter, {Resolved::Kind::no_answer, {}, "no answer from the name server"});
    });
    ++waiting_;
    if (known != lookups_.end()) {
      known->second.push_back(std::move(waiter));
      return;
    }
    lookups_[key].push_back(std::move(waiter));
    look_at_settings();
    ask(key);
    start_ticking();
  }

  void stop() {
    stopping_ = true;
    channel_.reset();
    if (tick_ != 0) {
      loop_.cancel(std::exchange(tick_, 0));
    }
  }

  Stats stats() const { return {lookups_.size(), waiting_}; }

 private:
  using Key = std::pair<std::string, check::IpFamily>;
  struct Waiter {
    Done done;  // empty: answered
    ports::TimerId timer = 0;
  };

  static std::string lower_case(std::string name) {
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return name;
  }

  // Nobody is called from within resolve() or c-ares.
  void post(Done done, Resolved resolved) {
    loop_.post([done = std::move(done), resolved = std::move(resolved)]() mutable {
      done(std::move(resolved));
    });
  }

  void answer(Waiter& waiter, Resolved resolved) {
    if (!waiter.done) {
      return;
    }
    if (waiter.timer != 0) {
      loop_.cancel(std::exchange(waiter.timer, 0));
    }
    --waiting_;
    post(std::exchange(waiter.done, {}), std::move(resolved));
  }

  void ask(const Key& key) {
    channel_->lookup(key.first, key.second, [this, key](const Resolved* resolved) {
      if (resolved != nullptr) {
        finish(key, *resolved);
      } else if (stopping_) {
        finish(key, {Resolved::Kind::no_answer, {}, "stopping"});
      } else {
        ask(key);  // the settings changed: ask the new servers
      }
    });
  }

  void finish(const Key& key, const Resolved& resolved) {
    const auto lookup = lookups_.extract(key);
    if (lookup.empty()) {
      return;
    }
    for (const auto& waiter : lookup.mapped()) {
      answer(*waiter, resolved);
    }
  }

  void start_ticking() {
    if (tick_ == 0 && !lookups_.empty()) {
      tick_ = loop_.call_at(clock_.mono_now() + kTick, [self = shared_from_this()] {
        self->tick_ = 0;
        self->channel_->retry_overdue();
        self->start_ticking();
      });
    }
  }

  void look_at_settings() {
    const MonoTime now = clock_.mono_now();
    if (!options_.servers.empty() || now < look_again_) {
      return;
    }
    look_again_ = now + kLookAtSettings;
    std::string version = settings_version();
    if (version == settings_version_) {
      return;
    }
    try {
      // The old channel hands its lookups back as it goes: to the new one, which must be in place.
      const std::shared_ptr<Channel> old =
          std::exchange(channel_, Channel::open(context_, options_));
      settings_version_ = std::move(version);
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch)
      // No descriptors just now: the old settings serve until the next look.
    }
  }

  ports::Loop& loop_;
  const ports::Clock& clock_;
  boost::asio::io_context& context_;
  const DnsOptions options_;
  bool stopping_ = false;
  std::map<Key, std::vector<std::shared_ptr<Waiter>>> lookups_;
  std::size_t waiting_ = 0;
  ports::TimerId tick_ = 0;
  std::string settings_version_;
  MonoTime look_again_;
  std::shared_ptr<Channel> channel_;
};

DnsCares::DnsCares(ports::Loop& loop, const ports::Clock& clock, boost::asio::io_context& context,
                   DnsOptions options)
    : impl_(std::make_shared<Impl>(loop, clock, context, std::move(options))) {}

DnsCares::~DnsCares() { impl_->stop(); }

void DnsCares::resolve(const std::string& name, check::IpFamily family, MonoTime deadline,
                       Done done) {
  impl_->resolve(name, family, deadline, std::move(done));
}

DnsCares::Stats DnsCares::stats() const { return impl_->stats(); }

}  // namespace tocsin::adapters
