// The answering half of Transfer: what libcurl calls back with, and what came of it.

#include <algorithm>
#include <new>
#include <utility>

#include "adapters/http_curl/easy_handle.hpp"
#include "adapters/http_curl/header_text.hpp"
#include "adapters/http_curl/transfer.hpp"

namespace tocsin::adapters {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10U;
// What an entry counts beyond its text, so that a flood of tiny headers is bounded as well
// (RFC 7541, section 4.1, uses the same number for the same purpose).
constexpr std::size_t kHeaderOverhead = 32;
constexpr std::size_t kLargestKeptBuffer = std::size_t{64} << 10U;

}  // namespace

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
    // libcurl takes anything that starts with "HTTP/" for a 200.
    if (!is_status_line(line)) {
      refusal_ = Refusal::status_line;
      return false;
    }
    headers_started_ = true;
    codings_ = 0;
    coding_ = Coding::identity;
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
  if (request_.decompress && name == "content-encoding") {
    note_codings(value);
  }
  // Others are sent only to those who ask for them (RFC 9112, section 7.4).
  if (name == "transfer-encoding" && !same_name(value, "chunked") &&
      !same_name(value, "identity")) {
    coding_ = Coding::unsupported;
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
// One that is not supported matters only when a body comes.
void Transfer::note_codings(std::string_view value) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    const Coding coding = coding_of(trim(value.substr(0, comma)));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (coding != Coding::identity) {
      coding_ = coding;
      ++codings_;
    }
  }
  if (codings_ > 1) {
    refusal_ = Refusal::codings_stacked;
  }
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
  if (coding_ == Coding::identity) {
    return keep_body(data);
  }
  if (coding_ == Coding::unsupported) {
    refusal_ = Refusal::coding_unsupported;
    return false;
  }
  if (unpacker_.feed(coding_, data, [this](std::string_view piece) { return keep_body(piece); })) {
    return true;
  }
  if (refusal_ == Refusal::none) {
    refusal_ = Refusal::coding_broken;
  }
  return false;
}

bool Transfer::keep_body(std::string_view data) {
  response_.body_bytes += data.size();
  if (response_.body_bytes > request_.max_body_bytes) {
    refusal_ = Refusal::body_too_large;
    return false;
  }
  if (!request_.keep_body) {
    const std::size_t room = check::kBodyHeadBytes - response_.body.size();
    response_.body.append(data.substr(0, std::min(room, data.size())));
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
  if (!unpacker_.complete()) {
    return Refusal::coding_cut_short;
  }
  if (request_.version == check::HttpVersion::http2 &&
      info_long(easy_, CURLINFO_HTTP_VERSION) != CURL_HTTP_VERSION_2_0) {
    return Refusal::http2_not_chosen;
  }
  return Refusal::none;
}

// libcurl 7.88 has the whole answer of an HTTP/2 server that did not wait for the rest of the
// request's body, then cannot send that rest, and fails without a word (cf_h2_send() on a stream
// whose end was handled; a stream that broke is told in words). RFC 9113, section 8.1.
bool Transfer::answered_early(CURLcode code) const {
  return code == CURLE_HTTP2_STREAM && error_text_[0] == '\0' && headers_done_;
}

ports::HttpResult Transfer::finish(CURLcode code) {
  if (answered_early(code)) {
    code = CURLE_OK;
  }
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
    failure.certificate = facts_of(certificate_.get());
    result = std::unexpected(std::move(failure));
  } else {
    response_.status = static_cast<int>(info_long(easy_, CURLINFO_RESPONSE_CODE));
    response_.remote_address = std::move(remote);
    response_.timings = timings(fresh);
    if (response_.status < 200 || response_.status > 299) {
      response_.certificate = facts_of(certificate_.get());
    }
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
  coding_ = Coding::identity;
  unpacker_.clear();
  length_.clear();
  tls_started_.reset();
  certificate_.reset();
  refusal_ = Refusal::none;
  socket_error_ = 0;
}

}  // namespace tocsin::adapters
