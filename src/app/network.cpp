#include "app/network.hpp"

#include "adapters/dns_cares/dns_cares.hpp"
#include "adapters/http_curl/http_curl.hpp"
#include "adapters/tcp_asio/tcp_asio.hpp"
#include "app/version.hpp"
#include "service/probe/probers.hpp"

namespace tocsin::app {

Network::Network(const config::Limits& limits)
    : resolver_(std::make_unique<adapters::DnsCares>(loop_, clock_, loop_.context())) {
  adapters::HttpCurlOptions options;
  options.user_agent = std::string("tocsin/") + kVersion;
  options.max_transfers = limits.concurrent_checks + 64U;  // retries and manual checks on top
  options.body_budget_bytes = limits.response_memory_bytes;
  http_ = std::make_unique<adapters::HttpCurl>(options);
  tcp_ = std::make_unique<adapters::TcpAsio>(loop_, clock_, loop_.context());
  prober_ = std::make_unique<service::Probers>(
      service::ProbeNetwork{loop_, clock_, *resolver_, *http_, *tcp_});
}

Network::~Network() { stop_clients(); }

void Network::stop_clients() {
  prober_.reset();
  http_.reset();
  tcp_.reset();
  resolver_.reset();
}

}  // namespace tocsin::app
