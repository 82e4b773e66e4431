#include "notification/provider/mime.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "notification/escape.hpp"

namespace tocsin::notification {
namespace {

constexpr std::string_view kCrlf = "\r\n";

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    unsigned value = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      value = (value << 8U) | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= group.size() ? kAlphabet[(value >> (18U - 6U * k)) & 0x3FU] : '=';
    }
  }
  return out;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

// Plain values that would not fit a line, or that a reader could take for an encoded word, are
// encoded as well.
bool needs_encoding(std::string_view text) {
  constexpr std::size_t kRoom = 60;  // beside the header's name
  return !is_plain(text) || text.size() > kRoom || text.find("=?") != std::string_view::npos;
}

std::string part(std::string_view type, std::string_view content, std::string_view boundary) {
  return fmt::format(
      "--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
      boundary, type, base64_lines(content));
}

}  // namespace

std::string base64_lines(std::string_view bytes) {
  constexpr std::size_t kBytesPerLine = 57;  // 76 characters
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += kBytesPerLine) {
    if (at > 0) out += kCrlf;
    out += base64(bytes.substr(at, kBytesPerLine));
  }
  return out;
}

std::string encode_words(std::string_view text) {
  std::string line = one_line(text);
  if (!needs_encoding(line)) return line;
  // 75 characters a word: "=?utf-8?B?" and "?=" leave 63, of which 60 are whole groups: 45 bytes,
  // which never split a character (RFC 2047, section 5).
  constexpr std::size_t kBytesPerWord = 45;
  std::string out;
  std::string_view rest = line;
  while (!rest.empty()) {
    std::size_t take = 0;
    while (take < rest.size()) {
      const std::size_t next = std::max<std::size_t>(utf8_sequence_length(rest.substr(take)), 1);
      if (take + next > kBytesPerWord) break;
      take += next;
    }
    if (!out.empty()) out += "\r\n ";
    out += "=?utf-8?B?" + base64(rest.substr(0, take)) + "?=";
    rest.remove_prefix(take);
  }
  return out;
}

std::string encode_address(std::string_view name, std::string_view address) {
  if (name.empty()) return std::string(address);
  const std::string line = one_line(name);
  const bool atoms = std::ranges::all_of(line, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' ||
           c == '-' || c == '_';
  });
  if (atoms && line.size() <= 60) return fmt::format("{} <{}>", line, address);
  if (is_plain(line) && line.size() <= 60 && line.find_first_of("\"\\=") == std::string::npos) {
    return fmt::format("\"{}\" <{}>", line, address);
  }
  // Not encode_words(): a phrase may hold an encoded word where a quoted string may not.
  const std::string encoded = is_plain(line) && line.size() <= 60
                                  ? "=?utf-8?B?" + base64(line.substr(0, 45)) + "?="
                                  : encode_words(line);
  return fmt::format("{}\r\n <{}>", encoded, address);
}

std::string mail_text(const std::vector<MailHeader>& headers, const MailBody& body,
                      std::string_view boundary) {
  std::string out;
  for (const auto& [name, value] : headers) out += fmt::format("{}: {}\r\n", name, value);
  out += "MIME-Version: 1.0\r\n";
  out += fmt::format("Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n", boundary);
  // The last part is the one that readers prefer (RFC 2046, section 5.1.4).
  out += part("text/plain", body.plain, boundary);
  out += part("text/html", body.html, boundary);
  out += fmt::format("--{}--\r\n", boundary);
  return out;
}

}  // namespace tocsin::notification
