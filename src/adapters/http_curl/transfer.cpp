#include "adapters/http_curl/transfer.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "adapters/http_curl/request_url.hpp"
#include "base/result.hpp"

namespace tocsin::adapters {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10U;
// What an entry counts beyond its text, so that a flood of tiny headers is bounded as well
// (RFC 7541, section 4.1, uses the same number for the same purpose).
constexpr std::size_t kHeaderOverhead = 32;
constexpr std::size_t kLargestKeptBuffer = std::size_t{64} << 10U;

ports::HttpFailure invalid(std::string message) {
  ports::HttpFailure failure;
  failure.kind = ports::HttpFailure::Kind::invalid;
  failure.message = std::move(message);
  return failure;
}

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "HTTP/1.1 200 OK", "HTTP/2 200": libcurl takes anything that starts with "HTTP/" for a 200.
bool is_status_line(std::string_view line) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto space = line.find(' ');
  if (!line.starts_with("HTTP/") || space == std::string_view::npos || line.size() < space + 4) {
    return false;
  }
  const std::string_view version = line.substr(5, space - 5);
  const std::string_view status = line.substr(space + 1, 3);
  return (version.size() == 1 || (version.size() == 3 && version[1] == '.')) &&
         digit(version.front()) && digit(version.back()) && std::ranges::all_of(status, digit) &&
         status.front() != '0' && (line.size() == space + 4 || line[space + 4] == ' ');
}

// libcurl takes long; nobody waits for longer than this.
long milliseconds(Milliseconds value) {
  constexpr std::int64_t kMax = 86'400'000;
  return static_cast<long>(std::clamp<std::int64_t>(value.count(), 1, kMax));
}

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code == CURLE_OUT_OF_MEMORY) {
    throw std::bad_alloc();
  }
  TOCSIN_ASSERT(code == CURLE_OK);
}

curl_off_t info_number(CURL* easy, CURLINFO what) {
  curl_off_t value = 0;
  return curl_easy_getinfo(easy, what, &value) == CURLE_OK ? value : 0;
}

long info_long(CURL* easy, CURLINFO what) {
  long value = 0;
  return curl_easy_getinfo(easy, what, &value) == CURLE_OK ? value : 0;
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
  set(easy_, CURLOPT_HEADERFUNCTION, &Transfer::header_callback);
  set(easy_, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(easy_, CURLOPT_WRITEFUNCTION, &Transfer::body_callback);
  set(easy_, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::socket_callback);
  set(easy_, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(easy_, CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
  set(easy_, CURLOPT_SSL_CTX_FUNCTION, &Transfer::tls_callback);
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
  if (!request_.body.empty() || request_.method == "POST") {
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

void Transfer::apply_method() {
  const bool wants_body = !request_.body.empty() || request_.method == "POST" ||
                          request_.method == "PUT" || request_.method == "PATCH";
  const auto shape = request_.method == "HEAD" ? Applied::Shape::head
                     : wants_body              ? Applied::Shape::body
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
  if (request_.decompress != applied_.decompress) {
    set(easy_, CURLOPT_ACCEPT_ENCODING, request_.decompress ? "gzip, deflate, br" : nullptr);
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

std::size_t Transfer::header_callback(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  try {
    return transfer.on_header({data, bytes}) ? bytes : bytes + 1;
  } catch (const std::bad_alloc&) {
    transfer.refusal_ = Refusal::memory;
    return bytes + 1;
  }
}

bool Transfer::on_header(std::string_view line) {
  header_bytes_ += line.size() + kHeaderOverhead;
  if (header_bytes_ > kMaxHeaderBytes) {
    refusal_ = Refusal::headers_too_large;
    return false;
  }
  while (line.ends_with('\n') || line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (headers_done_) {
    return true;  // trailers are counted, not kept
  }
  if (line.empty()) {
    headers_done_ = info_long(easy_, CURLINFO_RESPONSE_CODE) >= 200;
    return true;
  }
  if (!headers_started_ || line.starts_with("HTTP/")) {
    if (!is_status_line(line)) {
      refusal_ = Refusal::status_line;
      return false;
    }
    headers_started_ = true;
    codings_ = 0;
    length_.clear();
    response_.headers.clear();  // of an interim answer (RFC 9110, section 15.2)
    return true;
  }
  keep_header(line);
  return refusal_ == Refusal::none;
}

void Transfer::keep_header(std::string_view line) {
  if ((line.front() == ' ' || line.front() == '\t') && !response_.headers.empty()) {
    // Obsolete line folding reads as one space (RFC 9112, section 5.2).
    response_.headers.back().second.append(" ").append(trim(line));
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    return;
  }
  std::string name(trim(line.substr(0, colon)));
  std::ranges::transform(name, name.begin(), lower);
  const std::string_view value = trim(line.substr(colon + 1));
  if (request_.decompress && name == "content-encoding" && !coding_acceptable(value)) {
    return;
  }
  if (name == "content-length") {
    // RFC 9112, section 6.3: unrecoverable, because nobody can tell where the body ends.
    if (!length_.empty() && length_ != value) {
      refusal_ = Refusal::lengths_differ;
    }
    length_ = value;
  }
  response_.headers.emplace_back(std::move(name), value);
}

// Stacked codings let a small body stand for any amount of work that never reaches the body limit.
bool Transfer::coding_acceptable(std::string_view value) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    const std::string_view coding = trim(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (same_name(coding, "zstd")) {
      refusal_ = Refusal::coding_unsupported;
      return false;
    }
    codings_ += coding.empty() || same_name(coding, "identity") ? 0U : 1U;
  }
  if (codings_ > 1) {
    refusal_ = Refusal::codings_stacked;
  }
  return codings_ <= 1;
}

std::size_t Transfer::body_callback(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  try {
    return transfer.on_body({data, bytes}) ? bytes : CURL_WRITEFUNC_ERROR;
  } catch (const std::bad_alloc&) {
    transfer.refusal_ = Refusal::memory;
    return CURL_WRITEFUNC_ERROR;
  }
}

bool Transfer::on_body(std::string_view data) {
  response_.body_bytes += data.size();
  if (response_.body_bytes > request_.max_body_bytes) {
    refusal_ = Refusal::body_too_large;
    return false;
  }
  if (!request_.keep_body) {
    return true;
  }
  if (context_.body_bytes + data.size() > context_.body_budget_bytes) {
    refusal_ = Refusal::body_budget;
    return false;
  }
  context_.body_bytes += data.size();
  budget_taken_ += data.size();
  response_.body.append(data);
  return true;
}

Phase Transfer::phase(bool connected) const {
  if (headers_done_) {
    return Phase::body;
  }
  if (headers_started_ || info_number(easy_, CURLINFO_SIZE_DOWNLOAD_T) > 0) {
    return Phase::headers;
  }
  if (!connected) {
    return Phase::connecting;
  }
  const bool secured = !https_ || info_long(easy_, CURLINFO_NUM_CONNECTS) == 0 ||
                       info_number(easy_, CURLINFO_APPCONNECT_TIME_T) > 0;
  return secured ? Phase::waiting : Phase::tls_handshake;
}

check::Timings Transfer::timings(bool fresh) const {
  const auto reached = [this](CURLINFO what) -> std::optional<Microseconds> {
    const curl_off_t value = info_number(easy_, what);
    return value > 0 ? std::optional(Microseconds{value}) : std::nullopt;
  };
  check::Timings out;
  if (fresh) {
    out.connect = https_ && tls_started_ ? tls_started_ : reached(CURLINFO_CONNECT_TIME_T);
    out.tls = https_ ? reached(CURLINFO_APPCONNECT_TIME_T) : std::nullopt;
  }
  if (headers_started_) {
    out.first_byte = reached(CURLINFO_STARTTRANSFER_TIME_T);
  }
  out.total = Microseconds{info_number(easy_, CURLINFO_TOTAL_TIME_T)};
  return out;
}

ports::HttpFailure Transfer::failed(CURLcode code, bool connected, bool fresh) const {
  Ending ending;
  ending.code = code;
  ending.error_text = error_text_.data();
  ending.refusal = refusal_;
  ending.phase = phase(connected);
  ending.socket_error = socket_error_;
  ending.connect_error = static_cast<int>(info_long(easy_, CURLINFO_OS_ERRNO));
  ending.verify_result = info_long(easy_, CURLINFO_SSL_VERIFYRESULT);
  ending.proxy_status = info_long(easy_, CURLINFO_HTTP_CONNECTCODE);
  ending.body_bytes = response_.body_bytes;
  ending.max_body_bytes = request_.max_body_bytes;
  ending.timeout = request_.timeout;
  ending.connect_timeout = request_.connect_timeout;
  ports::HttpFailure out = explain(ending);
  out.connected = connected;
  out.timings = timings(fresh);
  return out;
}

// What libcurl lets pass, or did not tell.
Refusal Transfer::judge(CURLcode code) const {
  if (code != CURLE_OK || refusal_ != Refusal::none) {
    return refusal_;
  }
  if (!headers_done_) {
    return Refusal::headers_cut_short;
  }
  if (request_.version == check::HttpVersion::http2 &&
      info_long(easy_, CURLINFO_HTTP_VERSION) != CURL_HTTP_VERSION_2_0) {
    return Refusal::http2_not_chosen;
  }
  return Refusal::none;
}

ports::HttpResult Transfer::finish(CURLcode code) {
  const bool fresh = info_long(easy_, CURLINFO_NUM_CONNECTS) > 0;
  // A kept connection needs no new one; a transfer that never got one says so by its code.
  const bool connected = info_number(easy_, CURLINFO_CONNECT_TIME_T) > 0 || tls_started_ ||
                         (!fresh && (code == CURLE_OK || headers_started_));
  const char* address = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &address);
  std::string remote = connected && address != nullptr ? address : "";
  refusal_ = judge(code);
  ports::HttpResult result;
  if (code != CURLE_OK || refusal_ != Refusal::none) {
    ports::HttpFailure failure = failed(code, connected, fresh || tls_started_);
    failure.remote_address = std::move(remote);
    result = std::unexpected(std::move(failure));
  } else {
    response_.status = static_cast<int>(info_long(easy_, CURLINFO_RESPONSE_CODE));
    response_.remote_address = std::move(remote);
    response_.timings = timings(fresh);
    result = std::move(response_);
  }
  clear();
  return result;
}

void Transfer::clear() {
  context_.body_bytes -= std::exchange(budget_taken_, 0);
  response_ = {};
  request_.body.clear();
  if (header_text_.capacity() > kLargestKeptBuffer) {
    header_text_ = {};
  }
  header_bytes_ = 0;
  headers_started_ = false;
  headers_done_ = false;
  codings_ = 0;
  length_.clear();
  tls_started_.reset();
  refusal_ = Refusal::none;
  socket_error_ = 0;
}

}  // namespace tocsin::adapters
