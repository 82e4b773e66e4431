#pragma once
// One exchange under way: an easy handle that is used again and again, and what its callbacks
// gather. Lives on the client's thread and does not move (libcurl keeps pointers into it).

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/http_curl/ca_stores.hpp"
#include "adapters/http_curl/certificate.hpp"
#include "adapters/http_curl/failure.hpp"
#include "adapters/http_curl/unpacker.hpp"
#include "ports/http_client.hpp"

namespace tocsin::adapters {

using HttpDone = std::move_only_function<void(ports::HttpResult)>;

// What all transfers of a client share.
struct TransferContext {
  CaStores ca_stores;
  std::string user_agent;
  std::uint64_t body_budget_bytes = 0;
  std::uint64_t body_bytes = 0;  // of the budget, in use
};

class Transfer {
 public:
  explicit Transfer(TransferContext& context);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Sets the easy handle up. A value: the request cannot be made, for this reason.
  [[nodiscard]] std::optional<ports::HttpFailure> prepare(ports::HttpRequest request);
  // After libcurl is done with it. Leaves the transfer ready for prepare().
  [[nodiscard]] ports::HttpResult finish(CURLcode code);
  // Forgets what was gathered and gives the budget back.
  void clear();

  [[nodiscard]] CURL* easy() const { return easy_; }

  HttpDone done;
  std::size_t active_index = 0;  // the engine's

 private:
  // What the easy handle is set to, so that only changes cost a call.
  struct Applied {
    enum class Shape : std::uint8_t { unset, get, head, body };
    Shape shape = Shape::unset;
    std::string method;
    std::string proxy;
    check::TlsOptions tls;
    bool tls_set = false;
    bool reuse = false;
    bool decompress = false;
    bool no_delay = true;  // libcurl's default
    long version = CURL_HTTP_VERSION_NONE;
    long timeout_ms = 0;
    long connect_timeout_ms = 0;
  };

  void set_constants();
  [[nodiscard]] std::optional<ports::HttpFailure> apply_target();
  [[nodiscard]] std::optional<ports::HttpFailure> apply_proxy();
  [[nodiscard]] std::optional<ports::HttpFailure> apply_headers(std::string_view host_header);
  void apply_method();
  void apply_connection();
  void apply_tls();
  void add_header_line(std::string_view name, std::string_view value);

  [[nodiscard]] bool wants_body() const;
  [[nodiscard]] bool answered_early(CURLcode code) const;
  [[nodiscard]] Refusal judge(CURLcode code) const;
  [[nodiscard]] bool on_header(std::string_view line);
  void keep_header(std::string_view line);
  void note_codings(std::string_view value);
  [[nodiscard]] bool on_body(std::string_view data);
  [[nodiscard]] bool keep_body(std::string_view data);
  [[nodiscard]] Phase phase(bool connected) const;
  [[nodiscard]] check::Timings timings(bool fresh) const;
  [[nodiscard]] ports::HttpFailure failed(CURLcode code, bool connected, bool fresh) const;

  static std::size_t header_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t body_callback(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t socket_callback(void* self, curlsocktype purpose, curl_sockaddr* address);
  static CURLcode tls_callback(CURL* easy, void* tls_context, void* self);

  TransferContext& context_;
  CURL* easy_;
  Applied applied_;

  ports::HttpRequest request_;
  bool https_ = false;
  std::chrono::steady_clock::time_point started_;
  // When TCP (and a proxy's tunnel) stood: libcurl counts the handshake as part of connecting.
  std::optional<Microseconds> tls_started_;
  CertificatePtr certificate_;  // the last one that the handshake looked at
  std::string header_text_;     // the lines that header_nodes_ point into
  std::vector<std::size_t> header_starts_;
  std::vector<curl_slist> header_nodes_;
  std::string connect_text_;
  curl_slist connect_node_{};

  ports::HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool headers_started_ = false;
  bool headers_done_ = false;  // of the final answer: what follows are trailers
  std::size_t codings_ = 0;
  Coding coding_ = Coding::identity;  // of the body, where we unpack it
  Unpacker unpacker_;
  std::string length_;  // the first Content-Length
  std::uint64_t budget_taken_ = 0;
  Refusal refusal_ = Refusal::none;
  int socket_error_ = 0;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
};

}  // namespace tocsin::adapters
