#pragma once
// One message, handed over by libcurl. run() blocks its thread; abort() may come from another.

#include <curl/curl.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "adapters/mail_curl/conversation.hpp"
#include "ports/mailer.hpp"

namespace tocsin::adapters {

class Exchange {
 public:
  // `hello_name`: what we call ourselves; empty: this machine's name.
  Exchange(ports::MailRequest request, const std::string& hello_name);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Once. At the latest shortly after the request's timeout.
  [[nodiscard]] ports::MailResult run();
  // Ends run() soon, whatever it waits for, with `cancelled`.
  void abort();

 private:
  struct Free {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  void set_up();
  void set_connection();
  void set_message();
  void stop_reading();
  [[nodiscard]] ports::MailResult conclude(CURLcode code);
  [[nodiscard]] ports::MailFailure explain(CURLcode code) const;
  [[nodiscard]] ports::MailPhase phase() const;
  [[nodiscard]] bool aborted() const;
  [[nodiscard]] int connect_error() const;  // errno of what kept us from connecting; 0 not known

  static std::size_t line_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t text_callback(char* buffer, std::size_t size, std::size_t count, void* self);
  static int debug_callback(CURL* easy, curl_infotype kind, char* data, std::size_t size,
                            void* self);
  static int progress_callback(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  static CURLcode tls_callback(CURL* easy, void* context, void* self);
  static curl_socket_t open_callback(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int close_callback(void* self, curl_socket_t socket);

  const ports::MailRequest request_;
  const std::string url_;
  const std::string connect_to_;
  Conversation conversation_;
  std::size_t sent_ = 0;  // of the text
  bool tls_begun_ = false;
  bool line_too_long_ = false;  // an endless line came
  int socket_error_ = 0;        // errno of a socket() that failed
  bool reset_once_connected_ = false;
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  mutable std::mutex mutex_;
  int socket_ = -1;  // these two are guarded by mutex_
  bool aborted_ = false;
  std::unique_ptr<curl_slist, Free> connect_list_;
  std::unique_ptr<curl_slist, Free> recipients_;
  std::unique_ptr<CURL, Free> easy_;  // ends first: it closes its socket through us
};

}  // namespace tocsin::adapters
