#pragma once
// What a mail request must hold before anything is sent. Pure.

#include <string>
#include <string_view>

#include "ports/mailer.hpp"

namespace tocsin::adapters {

// "" when the request can be made; else what is wrong with it and where.
[[nodiscard]] std::string invalid_mail(const ports::MailRequest& request);

[[nodiscard]] bool is_numeric_address(const std::string& text);

// "127.0.0.1:25", "[::1]:25".
[[nodiscard]] std::string host_and_port(std::string_view host, std::uint16_t port);

}  // namespace tocsin::adapters
