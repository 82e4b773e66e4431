#pragma once
// Mail as text: RFC 5322 headers, RFC 2047 words, RFC 2045/2046 parts. Whatever goes in, no header
// can hold a line end and no line is longer than 78 characters.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::notification {

using MailHeader = std::pair<std::string, std::string>;

// A header's value: ASCII as it is, anything else as encoded words of at most 75 characters,
// folded.
[[nodiscard]] std::string encode_words(std::string_view text);
// "Tocsin <tocsin@example.com>" with its name encoded where needed.
[[nodiscard]] std::string encode_address(std::string_view name, std::string_view address);
// In lines of 76 characters with CRLF.
[[nodiscard]] std::string base64_lines(std::string_view bytes);

struct MailBody {
  std::string plain, html;
};
// The whole message. Values of `headers` are placed as they are: encode them first.
[[nodiscard]] std::string mail_text(const std::vector<MailHeader>& headers, const MailBody& body,
                                    std::string_view boundary);

}  // namespace tocsin::notification
