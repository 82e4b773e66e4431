#include "adapters/http_curl/transfer.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "adapters/http_curl/easy_handle.hpp"
#include "adapters/http_curl/header_text.hpp"
#include "adapters/http_curl/request_url.hpp"
#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

ports::HttpFailure invalid(std::string message) {
  ports::HttpFailure failure;
  failure.kind = ports::HttpFailure::Kind::invalid;
  failure.message = std::move(message);
  return failure;
}

// libcurl takes long; nobody waits for longer than this.
long milliseconds(Milliseconds value) {
  constexpr std::int64_t kMax = 86'400'000;
  return static_cast<long>(std::clamp<std::int64_t>(value.count(), 1, kMax));
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

Transfer::Transfer(TransferContext& context) : context_(context), easy_(curl_easy_init()) {
  if (easy_ == nullptr) {
    throw std::bad_alloc();
  }
  set_constants();
}

Transfer::~Transfer() {
  clear();
  curl_easy_cleanup(easy_);
}

void Transfer::set_constants() {
  set(easy_, CURLOPT_PRIVATE, static_cast<void*>(this));
  set(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(easy_, CURLOPT_PATH_AS_IS, 1L);
  set(easy_, CURLOPT_PROXY, "");    // never the environment's
  set(easy_, CURLOPT_NOPROXY, "");  // nor its exceptions
  set(easy_, CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
  set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Addresses are numbers: libcurl's cache of them would only be walked after every transfer.
  set(easy_, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  set(easy_, CURLOPT_USERAGENT, context_.user_agent.c_str());
  set(easy_, CURLOPT_HTTP_CONTENT_DECODING, 0L);  // unpacker.hpp does it
  set(easy_, CURLOPT_HEADERFUNCTION, &Transfer::header_callback);
  set(easy_, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(easy_, CURLOPT_WRITEFUNCTION, &Transfer::body_callback);
  set(easy_, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::socket_callback);
  set(easy_, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(easy_, CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
  set(easy_, CURLOPT_SSL_CTX_FUNCTION, &Transfer::tls_callback);
  // Without one OpenSSL asks the terminal for the passphrase of a client key, and every transfer
  // waits for the answer.
  set(easy_, CURLOPT_KEYPASSWD, "");
  set(easy_, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  // libcurl's cache would hand the store of one bundle to the connections of another.
  set(easy_, CURLOPT_CA_CACHE_TIMEOUT, 0L);
  set(easy_, CURLOPT_FRESH_CONNECT, 1L);
  set(easy_, CURLOPT_FORBID_REUSE, 1L);
  set(easy_, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

std::optional<ports::HttpFailure> Transfer::prepare(ports::HttpRequest request) {
  request_ = std::move(request);
  error_text_[0] = '\0';
  started_ = std::chrono::steady_clock::now();
  if (!is_token(request_.method)) {
    return invalid("the method is not an HTTP token");
  }
  if (auto failure = apply_proxy()) {
    return failure;
  }
  if (auto failure = apply_target()) {
    return failure;
  }
  apply_method();
  apply_connection();
  if (https_) {
    apply_tls();
  }
  return std::nullopt;
}

std::optional<ports::HttpFailure> Transfer::apply_target() {
  const auto url = parse_request_url(request_.url);
  if (!url) {
    return invalid("not a usable URL");
  }
  if (url->has_userinfo) {
    return invalid("user name and password do not belong in the URL");
  }
  https_ = url->https;
  const bool numeric = is_numeric_host(url->host);
  if (request_.address.empty() && !numeric && request_.proxy.empty()) {
    return invalid("a host name came without an address to connect to");
  }
  if (!request_.address.empty() && !is_numeric_host(request_.address)) {
    return invalid("the address to connect to is not numeric");
  }
  // libcurl takes SNI and the name to verify from the URL, so that another name goes there and the
  // URL's own into Host.
  const bool renamed =
      https_ && !request_.tls.server_name.empty() && request_.tls.server_name != url->host;
  std::string host_header;
  std::string address = request_.address;
  if (renamed) {
    host_header = authority(*url);
    if (address.empty() && numeric) {
      address = url->host;
    }
    set(easy_, CURLOPT_URL, with_host(*url, request_.tls.server_name).c_str());
  } else {
    set(easy_, CURLOPT_URL, request_.url.c_str());
  }
  if (address.empty() && request_.port == 0) {
    set(easy_, CURLOPT_CONNECT_TO, static_cast<curl_slist*>(nullptr));
  } else {
    const std::string_view to = address.empty() ? url->host : std::string_view(address);
    const bool v6 = to.find(':') != std::string_view::npos;
    connect_text_.assign(v6 ? "::[" : "::").append(to).append(v6 ? "]:" : ":");
    if (request_.port != 0) {
      connect_text_ += std::to_string(request_.port);
    }
    connect_node_.data = connect_text_.data();
    set(easy_, CURLOPT_CONNECT_TO, &connect_node_);
  }
  return apply_headers(host_header);
}

std::optional<ports::HttpFailure> Transfer::apply_proxy() {
  if (request_.proxy == applied_.proxy) {
    return std::nullopt;
  }
  if (!request_.proxy.empty()) {
    const auto url = parse_request_url(request_.proxy);
    if (!url || url->https || !is_numeric_host(url->host)) {
      return invalid("the proxy is not an http:// URL with a numeric host");
    }
  }
  set(easy_, CURLOPT_PROXY, request_.proxy.c_str());
  applied_.proxy = request_.proxy;
  return std::nullopt;
}

void Transfer::add_header_line(std::string_view name, std::string_view value) {
  header_starts_.push_back(header_text_.size());
  header_text_ += name;
  if (value.empty()) {
    header_text_ += ';';  // libcurl's way to send a header without a value
  } else {
    header_text_ += ": ";
    header_text_ += value;
  }
  header_text_ += '\0';
}

std::optional<ports::HttpFailure> Transfer::apply_headers(std::string_view host_header) {
  header_text_.clear();
  header_starts_.clear();
  bool has_host = false;
  bool has_connection = false;
  bool has_type = false;
  bool has_expect = false;
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
      return invalid("a request header is not valid");
    }
    has_host = has_host || same_name(name, "host");
    has_connection = has_connection || same_name(name, "connection");
    has_type = has_type || same_name(name, "content-type");
    has_expect = has_expect || same_name(name, "expect");
    add_header_line(name, trim(value));
  }
  if (!host_header.empty() && !has_host) {
    add_header_line("Host", host_header);
  }
  if (!request_.reuse_connection && !has_connection) {
    add_header_line("Connection", "close");
  }
  // What libcurl would add to a request with a body of its own accord, switched off.
  if (wants_body()) {
    for (const auto& [present, off] : {std::pair{has_type, std::string_view("Content-Type:")},
                                       std::pair{has_expect, std::string_view("Expect:")}}) {
      if (!present) {
        header_starts_.push_back(header_text_.size());
        header_text_ += off;
        header_text_ += '\0';
      }
    }
  }
  header_nodes_.resize(header_starts_.size());
  for (std::size_t i = 0; i < header_nodes_.size(); ++i) {
    header_nodes_[i].data = header_text_.data() + header_starts_[i];
    header_nodes_[i].next = i + 1 < header_nodes_.size() ? &header_nodes_[i + 1] : nullptr;
  }
  set(easy_, CURLOPT_HTTPHEADER, header_nodes_.empty() ? nullptr : header_nodes_.data());
  return std::nullopt;
}

// Has a body, if only an empty one.
bool Transfer::wants_body() const {
  return !request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
         request_.method == "PATCH";
}

void Transfer::apply_method() {
  const auto shape = request_.method == "HEAD" ? Applied::Shape::head
                     : wants_body()            ? Applied::Shape::body
                                               : Applied::Shape::get;
  if (shape != applied_.shape || shape == Applied::Shape::body) {
    set(easy_, CURLOPT_HTTPGET, 1L);
    if (shape == Applied::Shape::head) {
      set(easy_, CURLOPT_NOBODY, 1L);
    } else if (shape == Applied::Shape::body) {
      set(easy_, CURLOPT_POST, 1L);
      set(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());
      set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    }
    applied_.shape = shape;
  }
  const bool custom = shape == Applied::Shape::body || request_.method != "GET";
  const std::string method =
      custom && shape != Applied::Shape::head ? request_.method : std::string();
  if (method != applied_.method) {
    set(easy_, CURLOPT_CUSTOMREQUEST, or_null(method));
    applied_.method = method;
  }
}

void Transfer::apply_connection() {
  if (request_.reuse_connection != applied_.reuse) {
    applied_.reuse = request_.reuse_connection;
    set(easy_, CURLOPT_FRESH_CONNECT, applied_.reuse ? 0L : 1L);
    set(easy_, CURLOPT_FORBID_REUSE, applied_.reuse ? 0L : 1L);
    set(easy_, CURLOPT_SSL_SESSIONID_CACHE, applied_.reuse ? 1L : 0L);
  }
  long version = CURL_HTTP_VERSION_1_1;
  if (request_.version == check::HttpVersion::http2 && !https_) {
    version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  } else if (request_.version != check::HttpVersion::http1) {
    version = CURL_HTTP_VERSION_2TLS;
  }
  if (version != applied_.version) {
    set(easy_, CURLOPT_HTTP_VERSION, version);
    applied_.version = version;
  }
  // A plain request without a body is one segment, which Nagle's rule never holds back: a system
  // call less. Everything else writes several times in a row.
  const bool no_delay = https_ || applied_.shape == Applied::Shape::body ||
                        !request_.proxy.empty() || version == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  if (no_delay != applied_.no_delay) {
    set(easy_, CURLOPT_TCP_NODELAY, no_delay ? 1L : 0L);
    applied_.no_delay = no_delay;
  }
  if (request_.decompress != applied_.decompress) {
    set(easy_, CURLOPT_ACCEPT_ENCODING, request_.decompress ? "gzip, deflate" : nullptr);
    applied_.decompress = request_.decompress;
  }
  const long timeout = milliseconds(request_.timeout);
  const long connect = request_.connect_timeout.count() > 0
                           ? std::min(timeout, milliseconds(request_.connect_timeout))
                           : timeout;
  if (timeout != applied_.timeout_ms) {
    set(easy_, CURLOPT_TIMEOUT_MS, timeout);
    applied_.timeout_ms = timeout;
  }
  if (connect != applied_.connect_timeout_ms) {
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, connect);
    applied_.connect_timeout_ms = connect;
  }
}

void Transfer::apply_tls() {
  const check::TlsOptions& tls = request_.tls;
  // A kept connection is found again by libcurl's own options alone, which must therefore hold a
  // bundle of its own: two monitors with different bundles never share a connection.
  const bool own_bundle = request_.reuse_connection && !tls.ca_file.empty();
  set(easy_, CURLOPT_CAINFO, own_bundle ? tls.ca_file.c_str() : nullptr);
  if (applied_.tls_set && applied_.tls == tls) {
    return;
  }
  set(easy_, CURLOPT_SSL_VERIFYPEER, tls.insecure ? 0L : 1L);
  set(easy_, CURLOPT_SSL_VERIFYHOST, tls.insecure ? 0L : 2L);
  set(easy_, CURLOPT_SSLCERT, or_null(tls.certificate_file));
  set(easy_, CURLOPT_SSLKEY, or_null(tls.key_file));
  applied_.tls = tls;
  applied_.tls_set = true;
}

CURLcode Transfer::tls_callback(CURL* /*easy*/, void* tls_context, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.tls_started_ =
      std::chrono::floor<Microseconds>(std::chrono::steady_clock::now() - transfer.started_);
  const ports::HttpRequest& request = transfer.request_;
  if (!request.reuse_connection) {  // a kept connection outlives this transfer
    watch_certificates(static_cast<SSL_CTX*>(tls_context), &transfer.certificate_);
  }
  if (request.tls.insecure || (request.reuse_connection && !request.tls.ca_file.empty())) {
    return CURLE_OK;  // see apply_tls()
  }
  X509_STORE* store = nullptr;
  try {
    store = transfer.context_.ca_stores.get(transfer.request_.tls.ca_file);
  } catch (const std::bad_alloc&) {
    return CURLE_OUT_OF_MEMORY;
  }
  if (store == nullptr) {
    transfer.refusal_ = Refusal::ca_unreadable;
    return CURLE_SSL_CACERT_BADFILE;
  }
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(tls_context), store);
  return CURLE_OK;
}

curl_socket_t Transfer::socket_callback(void* self, curlsocktype /*purpose*/,
                                        curl_sockaddr* address) {
  const int descriptor =
      socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
  if (descriptor < 0) {
    static_cast<Transfer*>(self)->socket_error_ = errno;
    return CURL_SOCKET_BAD;
  }
  return descriptor;
}

}  // namespace tocsin::adapters
