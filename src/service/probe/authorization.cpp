#include "service/probe/authorization.hpp"

#include <cstdint>

namespace tocsin::service {
namespace {

// RFC 4648, section 4.
void append_base64(std::string& out, std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group <<= 8U;
      group |= at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U;
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const bool padding = at + i > bytes.size();
      out += padding ? '=' : kAlphabet[(group >> (18U - 6U * i)) & 0x3FU];
    }
  }
}

}  // namespace

std::string basic_authorization(std::string_view username, std::string_view password) {
  std::string credentials(username);
  credentials += ':';
  credentials += password;
  std::string out = "Basic ";
  append_base64(out, credentials);
  return out;
}

}  // namespace tocsin::service
