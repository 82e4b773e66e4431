#include "adapters/mail_curl/exchange.hpp"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "adapters/mail_curl/request_rules.hpp"
#include "base/result.hpp"
#include "base/socket_error.hpp"
#include "base/utf8.hpp"

namespace tocsin::adapters {
namespace {

using Kind = ports::MailFailure::Kind;
using ports::MailPhase;
using ports::MailSecurity;

// For the answer to QUIT, which decides nothing any more.
constexpr int kFarewellMs = 500;

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code == CURLE_OUT_OF_MEMORY) {
    throw std::bad_alloc();
  }
  TOCSIN_ASSERT(code == CURLE_OK);
}

long info(CURL* easy, CURLINFO what) {
  long value = 0;
  return curl_easy_getinfo(easy, what, &value) == CURLE_OK ? value : 0;
}

bool reached(CURL* easy, CURLINFO what) {
  curl_off_t value = 0;
  return curl_easy_getinfo(easy, what, &value) == CURLE_OK && value > 0;
}

curl_slist* append(curl_slist* list, const std::string& text) {
  curl_slist* const longer = curl_slist_append(list, text.c_str());
  if (longer == nullptr) {
    throw std::bad_alloc();
  }
  return longer;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view awaited_in(MailPhase phase) {
  switch (phase) {
    case MailPhase::connecting:
      return "connection";
    case MailPhase::greeting:
      return "greeting";
    case MailPhase::hello:
      return "answer to EHLO";
    case MailPhase::starttls:
      return "TLS handshake";
    case MailPhase::authentication:
      return "answer to AUTH";
    case MailPhase::sender:
      return "answer to MAIL FROM";
    case MailPhase::recipients:
      return "answer to RCPT TO";
    case MailPhase::data:
      return "answer to DATA";
    case MailPhase::message:
      return "answer to the message";
  }
  return "answer";
}

// OpenSSL's words, "certificate has expired", but for the name, which libcurl looks at itself.
std::string describe_certificate(std::string_view error_text, long verify_result) {
  if (has(error_text, "subject name") || verify_result == X509_V_ERR_HOSTNAME_MISMATCH ||
      verify_result == X509_V_ERR_IP_ADDRESS_MISMATCH || verify_result == X509_V_OK) {
    return "certificate is for another host name";
  }
  return fmt::format("certificate is not trusted: {}",
                     X509_verify_cert_error_string(verify_result));
}

std::string make_url(const ports::MailRequest& request, const std::string& hello_name) {
  return fmt::format("{}://{}/{}", request.security == MailSecurity::tls ? "smtps" : "smtp",
                     host_and_port(request.server, request.port), hello_name);
}

}  // namespace

Exchange::Exchange(ports::MailRequest request, const std::string& hello_name)
    : request_(std::move(request)),
      url_(make_url(request_, hello_name)),
      connect_to_("::" +
                  host_and_port(request_.address.empty() ? request_.server : request_.address,
                                request_.port)),
      conversation_(request_.recipients) {}

ports::MailResult Exchange::run() {
  try {
    easy_.reset(curl_easy_init());
    if (!easy_) {
      throw std::bad_alloc();
    }
    set_up();
    return conclude(curl_easy_perform(easy_.get()));
  } catch (const std::bad_alloc&) {
    ports::MailFailure failure;
    failure.kind = Kind::resources;
    failure.message = "out of memory";
    failure.maybe_delivered = conversation_.message_sent();
    return std::unexpected(std::move(failure));
  }
}

void Exchange::set_up() {
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROXY, "");  // nor from the environment
  set(easy, CURLOPT_TIMEOUT_MS,
      static_cast<long>(std::clamp<std::int64_t>(request_.timeout.count(), 1, 86'400'000)));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::clamp<std::int64_t>(request_.timeout.count(), 1, 86'400'000)));
  set(easy, CURLOPT_HEADERFUNCTION, &Exchange::line_callback);
  set(easy, CURLOPT_HEADERDATA, this);
  // The only way to see which command went. Nothing of it is kept or printed.
  set(easy, CURLOPT_VERBOSE, 1L);
  set(easy, CURLOPT_DEBUGFUNCTION, &Exchange::debug_callback);
  set(easy, CURLOPT_DEBUGDATA, this);
  set(easy, CURLOPT_NOPROGRESS, 0L);
  set(easy, CURLOPT_XFERINFOFUNCTION, &Exchange::progress_callback);
  set(easy, CURLOPT_XFERINFODATA, this);
  set_connection();
  set_message();
}

void Exchange::set_connection() {
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(easy, CURLOPT_URL, url_.c_str());
  connect_list_.reset(append(nullptr, connect_to_));
  set(easy, CURLOPT_CONNECT_TO, connect_list_.get());
  set(easy, CURLOPT_FRESH_CONNECT, 1L);
  set(easy, CURLOPT_FORBID_REUSE, 1L);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Exchange::open_callback);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_CLOSESOCKETFUNCTION, &Exchange::close_callback);
  set(easy, CURLOPT_CLOSESOCKETDATA, this);
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (request_.security != MailSecurity::none) {
    set(easy, CURLOPT_USE_SSL, long{CURLUSESSL_ALL});
  }
  // libcurl counts the connection of smtps:// as made when its handshake is over.
  set(easy, CURLOPT_SSL_CTX_FUNCTION, &Exchange::tls_callback);
  set(easy, CURLOPT_SSL_CTX_DATA, this);
  if (!request_.ca_file.empty()) {
    set(easy, CURLOPT_CAINFO, request_.ca_file.c_str());
    set(easy, CURLOPT_CAPATH, nullptr);  // else the system's are trusted beside it
  }
  if (!request_.username.empty()) {
    set(easy, CURLOPT_USERNAME, request_.username.c_str());
    set(easy, CURLOPT_PASSWORD, request_.password.c_str());
    // Without this a server that offers Kerberos or NTLM as well gets those first, and fails them.
    set(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5");
  }
}

void Exchange::set_message() {
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_MAIL_FROM, request_.from.c_str());
  for (const std::string& recipient : request_.recipients) {
    recipients_.reset(append(recipients_.release(), recipient));
  }
  set(easy, CURLOPT_MAIL_RCPT, recipients_.get());
  set(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);  // one wrong address must not keep it from others
  set(easy, CURLOPT_UPLOAD, 1L);
  set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.text.size()));
  set(easy, CURLOPT_READFUNCTION, &Exchange::text_callback);
  set(easy, CURLOPT_READDATA, this);
}

std::size_t Exchange::line_callback(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  try {
    const bool fine = static_cast<Exchange*>(self)->conversation_.on_line({data, bytes});
    return fine ? bytes : bytes + 1;
  } catch (const std::bad_alloc&) {
    return bytes + 1;
  }
}

std::size_t Exchange::text_callback(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::string& text = exchange.request_.text;
  const std::size_t bytes = std::min(size * count, text.size() - exchange.sent_);
  std::copy_n(text.data() + exchange.sent_, bytes, buffer);
  exchange.sent_ += bytes;
  if (exchange.sent_ == text.size()) {
    exchange.conversation_.on_message_end();
  }
  return bytes;
}

int Exchange::debug_callback(CURL* /*easy*/, curl_infotype kind, char* data, std::size_t size,
                             void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::string_view text(data, size);
  if (kind == CURLINFO_HEADER_OUT) {
    exchange.conversation_.on_command(text);
    if (exchange.conversation_.ending()) {
      exchange.stop_reading();
    }
  } else if (kind == CURLINFO_TEXT && text.starts_with("Excessive server response line")) {
    // libcurl 7.88 would go on reading and dropping until the timeout.
    exchange.line_too_long_ = true;
    exchange.stop_reading();
  }
  return 0;
}

// libcurl waits for the answer to QUIT up to two minutes, and for the end of a line for ever.
void Exchange::stop_reading() {
  int socket = -1;
  {
    const std::scoped_lock lock(mutex_);
    socket = socket_;
  }
  if (socket < 0) {
    return;
  }
  // Not under the lock, so that abort() can cut it short; only this thread closes the socket.
  if (!line_too_long_) {
    pollfd answer{socket, POLLIN, 0};
    poll(&answer, 1, kFarewellMs);
  }
  // What has come can still be read; then the end does.
  shutdown(socket, SHUT_RD);
}

int Exchange::progress_callback(void* self, curl_off_t /*down_total*/, curl_off_t /*down*/,
                                curl_off_t /*up_total*/, curl_off_t /*up*/) {
  return static_cast<Exchange*>(self)->aborted() ? 1 : 0;
}

CURLcode Exchange::tls_callback(CURL* /*easy*/, void* /*context*/, void* self) {
  static_cast<Exchange*>(self)->tls_begun_ = true;
  return CURLE_OK;
}

curl_socket_t Exchange::open_callback(void* self, curlsocktype /*purpose*/,
                                      curl_sockaddr* address) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::scoped_lock lock(exchange.mutex_);
  if (exchange.aborted_) {
    return CURL_SOCKET_BAD;
  }
  const int opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened < 0) {
    exchange.socket_error_ = errno;
    return CURL_SOCKET_BAD;
  }
  exchange.socket_ = opened;
  return opened;
}

int Exchange::close_callback(void* self, curl_socket_t socket) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::scoped_lock lock(exchange.mutex_);
  if (exchange.socket_ == socket) {
    exchange.socket_ = -1;
  }
  return close(socket);
}

void Exchange::abort() {
  const std::scoped_lock lock(mutex_);
  aborted_ = true;
  if (socket_ >= 0) {
    shutdown(socket_, SHUT_RDWR);  // wakes run(), wherever it waits
  }
}

bool Exchange::aborted() const {
  const std::scoped_lock lock(mutex_);
  return aborted_;
}

MailPhase Exchange::phase() const {
  if (conversation_.phase() != MailPhase::greeting || conversation_.answered()) {
    return conversation_.phase();
  }
  if (tls_begun_ && !reached(easy_.get(), CURLINFO_APPCONNECT_TIME_T)) {
    return MailPhase::starttls;
  }
  return reset_once_connected_ || reached(easy_.get(), CURLINFO_CONNECT_TIME_T)
             ? MailPhase::greeting
             : MailPhase::connecting;
}

int Exchange::connect_error() const {
  return socket_error_ != 0 ? socket_error_
                            : static_cast<int>(info(easy_.get(), CURLINFO_OS_ERRNO));
}

ports::MailResult Exchange::conclude(CURLcode code) {
  // A handshake that a reset ends is ECONNREFUSED (RFC 9293 3.10.7.3); ECONNRESET says that there
  // was a connection, gone before libcurl looked at it.
  reset_once_connected_ = code == CURLE_COULDNT_CONNECT && connect_error() == ECONNRESET;
  const bool connected = phase() != MailPhase::connecting;
  const char* address = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_IP, &address);
  std::string remote = connected && address != nullptr ? address : "";
  if (reset_once_connected_ && remote.empty()) {
    remote = request_.address.empty() ? request_.server : request_.address;
  }
  const bool final_reply = conversation_.answered() && conversation_.phase() == MailPhase::message;
  // Codes by which libcurl says that it did not like a reply. It goes on when a recipient is
  // refused, so that this alone is not why it ended.
  const bool displeased = code == CURLE_SEND_ERROR || code == CURLE_LOGIN_DENIED ||
                          code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_REMOTE_ACCESS_DENIED;
  const bool negative = conversation_.answered() && conversation_.reply().code >= 400 &&
                        (phase() != MailPhase::recipients || conversation_.all_refused());
  const bool hung_up =
      conversation_.closing() && code != CURLE_OPERATION_TIMEDOUT && code != CURLE_USE_SSL_FAILED;
  if (!aborted() && (final_reply || hung_up || (displeased && negative))) {
    ports::MailReply reply = conversation_.reply();
    reply.remote_address = remote;
    return reply;
  }
  ports::MailFailure failure = explain(code);
  failure.phase = phase();
  failure.remote_address = remote;
  failure.maybe_delivered = conversation_.message_sent();
  return std::unexpected(std::move(failure));
}

ports::MailFailure Exchange::explain(CURLcode code) const {
  const auto failure = [](Kind kind, std::string message) {
    ports::MailFailure out;
    out.kind = kind;
    out.message = std::move(message);
    return out;
  };
  const MailPhase where = phase();
  const std::string_view awaited = awaited_in(where);
  const std::string_view error_text = error_text_.data();
  if (aborted()) {
    return failure(Kind::cancelled, "stopping");
  }
  if (line_too_long_) {
    return failure(Kind::protocol, "the answer is not SMTP: its first line does not end");
  }
  if (!conversation_.problem().empty()) {
    return failure(Kind::protocol, std::string(conversation_.problem()));
  }
  switch (static_cast<int>(code)) {
    case CURLE_OPERATION_TIMEDOUT:
      return failure(Kind::timeout,
                     fmt::format("no {} within {}", awaited, format_duration(request_.timeout)));
    case CURLE_COULDNT_CONNECT: {
      if (reset_once_connected_) {
        return failure(Kind::closed, fmt::format("connection closed before the {}", awaited));
      }
      const int error = connect_error();
      const bool ours = error != 0 && socket_fault(error) == SocketFault::local;
      return failure(ours ? Kind::resources : Kind::connect,
                     error == 0 ? "cannot connect" : describe_socket_error(error));
    }
    case CURLE_PEER_FAILED_VERIFICATION:
      return failure(Kind::tls, describe_certificate(error_text,
                                                     info(easy_.get(), CURLINFO_SSL_VERIFYRESULT)));
    case CURLE_USE_SSL_FAILED:
      return failure(Kind::tls,
                     conversation_.reply().phase == MailPhase::starttls
                         ? fmt::format("the server refused STARTTLS: {} {}",
                                       conversation_.reply().code, conversation_.reply().text)
                         : "the server does not offer STARTTLS");
    case CURLE_SSL_CONNECT_ERROR:
      return failure(Kind::tls, has(error_text, "wrong version number")
                                    ? "TLS handshake failed: the port does not speak TLS"
                                    : "TLS handshake failed");
    case CURLE_SSL_CACERT_BADFILE:
      return failure(Kind::invalid, "CA file is unreadable or holds no certificate");
    case CURLE_LOGIN_DENIED:
      return failure(Kind::protocol,
                     "the server offers no authentication that we know (PLAIN, LOGIN, CRAM-MD5)");
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
      return failure(Kind::closed, fmt::format("connection closed before the {}", awaited));
    case CURLE_WEIRD_SERVER_REPLY:
      return failure(Kind::protocol, fmt::format("unexpected {}", awaited));
    case CURLE_OUT_OF_MEMORY:
      return failure(Kind::resources, "out of memory");
    default:
      return failure(Kind::internal, fmt::format("mail failed: {}", curl_easy_strerror(code)));
  }
}

}  // namespace tocsin::adapters
