#pragma once

#include <string>
#include <string_view>

namespace tocsin::service {

// The value of an Authorization header, RFC 7617: "Basic " and base64 of "username:password".
[[nodiscard]] std::string basic_authorization(std::string_view username, std::string_view password);

}  // namespace tocsin::service
