#include "web/wire/request_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace tocsin::web {
namespace {

using Status = RequestReader::Status;

// RFC 9110, section 5.6.2.
constexpr auto kTokenBytes = [] {
  std::array<bool, 256> out{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    out[static_cast<unsigned char>(c)] = true;
  }
  return out;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return kTokenBytes[static_cast<unsigned char>(c)];
  });
}

// Bytes beyond ASCII, too: clients send ids as they are typed. Whether they are UTF-8 is not asked
// here.
bool is_visible(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
  });
}

bool same(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && std::ranges::equal(a, lower, [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 0x20) : x) == y;
         });
}

// Who ends lines so would wait for an answer until the request is given up.
bool has_bare_newline(std::string_view text) {
  std::size_t at = text.find('\n');
  while (at != std::string_view::npos && at > 0 && text[at - 1] == '\r') {
    at = text.find('\n', at + 1);
  }
  return at != std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// Of a chunk's line: its hex size, without extensions. nullopt: it is none.
std::optional<std::uint64_t> chunk_size(std::string_view line) {
  line = trim(line.substr(0, line.find(';')));
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (line.empty() || error != std::errc{} || end != line.data() + line.size()) {
    return std::nullopt;
  }
  return size;
}

constexpr std::size_t kLongestChunkLine = 1024;

}  // namespace

Status RequestReader::fail_with(int status, std::string_view message) {
  problem_ = {status, message};
  return Status::problem;
}

// Lines that end otherwise are seen before the head is whole, in whatever pieces it comes: they are
// its problem, whatever else is.
Status RequestReader::problem_of(std::string_view head) {
  return has_bare_newline(head) ? fail_with(400, "Lines end with CR LF") : Status::problem;
}

Status RequestReader::read_head(std::string_view text, const WireLimits& limits) {
  *this = RequestReader{};
  std::size_t begin = 0;
  while (text.substr(begin).starts_with("\r\n")) {
    begin += 2;
  }
  const std::size_t end = text.find("\r\n\r\n", begin);
  if (end == std::string_view::npos ? text.size() > limits.head_bytes
                                    : end + 4 > limits.head_bytes) {
    fail_with(431, "Request header fields too large");
    return problem_of(text.substr(0, limits.head_bytes));
  }
  if (end == std::string_view::npos) {
    return has_bare_newline(text) ? problem_of(text) : Status::incomplete;
  }
  std::string_view lines = text.substr(begin, end - begin);
  std::size_t line_end = lines.find("\r\n");
  if (!read_request_line(lines.substr(0, line_end))) {
    return problem_of(text.substr(0, end));
  }
  while (line_end != std::string_view::npos) {
    lines.remove_prefix(line_end + 2);
    line_end = lines.find("\r\n");
    if (!read_field(lines.substr(0, line_end))) {
      return problem_of(text.substr(0, end));
    }
  }
  head_.size = end + 4;
  return finish_head(limits) ? Status::complete : problem_of(text.substr(0, end));
}

bool RequestReader::read_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    fail_with(400, "Bad request line");
    return false;
  }
  head_.request.method = line.substr(0, first);
  head_.request.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(head_.request.method) || !is_visible(head_.request.target) ||
      !version.starts_with("HTTP/")) {
    fail_with(400, "Bad request line");
    return false;
  }
  http_1_0_ = version == "HTTP/1.0";
  if (!http_1_0_ && version != "HTTP/1.1") {
    fail_with(505, "HTTP version not supported");
    return false;
  }
  head_.request.keep_alive = !http_1_0_;
  return true;
}

bool RequestReader::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name) ||
      line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    fail_with(400, "Bad header field");
    return false;
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (same(name, "host")) {
    if (has_host_) {
      fail_with(400, "More than one Host");
      return false;
    }
    has_host_ = true;
  } else if (same(name, "connection")) {
    return take_connection(value);
  } else if (same(name, "content-length")) {
    return take_length(value);
  } else if (same(name, "transfer-encoding")) {
    if (!same(value, "chunked") || chunked_) {
      fail_with(501, "Transfer coding not implemented");
      return false;
    }
    chunked_ = true;
  } else if (same(name, "expect")) {
    if (!same(value, "100-continue")) {
      fail_with(417, "Expectation failed");
      return false;
    }
    head_.request.expects_continue = !http_1_0_;
  } else if (same(name, "authorization")) {
    if (!head_.request.authorization.empty()) {
      fail_with(400, "More than one Authorization");
      return false;
    }
    head_.request.authorization = value;
  }
  return true;
}

bool RequestReader::take_connection(std::string_view value) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trim(value.substr(0, comma));
    if (same(option, "close")) {
      head_.request.keep_alive = false;
    } else if (same(option, "keep-alive") && http_1_0_) {
      head_.request.keep_alive = head_.request.asks_keep_alive = true;
    }
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
  }
  return true;
}

bool RequestReader::take_length(std::string_view value) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (value.empty() || value.front() == '+' || error != std::errc{} ||
      end != value.data() + value.size() || (length_ && *length_ != length)) {
    fail_with(400, "Bad Content-Length");
    return false;
  }
  length_ = length;
  return true;
}

bool RequestReader::finish_head(const WireLimits& limits) {
  if (!has_host_ && !http_1_0_) {
    fail_with(400, "No Host");
    return false;
  }
  if (chunked_ && (length_ || http_1_0_)) {
    fail_with(400, "Content-Length and Transfer-Encoding");
    return false;
  }
  allowed_ = limits.body_bytes;
  left_ = length_.value_or(0);
  if (left_ > allowed_) {
    fail_with(413, "Content too large");
    return false;
  }
  return true;
}

Status RequestReader::skip_body(std::string_view text, std::size_t& used) {
  used = 0;
  if (!chunked_) {
    used = static_cast<std::size_t>(std::min<std::uint64_t>(left_, text.size()));
    left_ -= used;
    return left_ == 0 ? Status::complete : Status::incomplete;
  }
  while (true) {
    if (chunk_ == Chunk::data) {
      const auto taken =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, text.size() - used));
      used += taken;
      left_ -= taken;
      if (left_ > 0) {
        return Status::incomplete;
      }
      chunk_ = Chunk::data_end;
    }
    const Status line = skip_chunk_line(text, used);
    if (line != Status::complete) {
      return line;
    }
    if (chunk_ == Chunk::size && !chunked_) {
      return Status::complete;
    }
  }
}

// One line of the framing: a size, the end of a chunk, a trailer.
Status RequestReader::skip_chunk_line(std::string_view text, std::size_t& used) {
  const std::size_t end = text.find("\r\n", used);
  if (end == std::string_view::npos) {
    return text.size() - used > kLongestChunkLine ? fail_with(400, "Bad chunk")
                                                  : Status::incomplete;
  }
  const std::string_view line = text.substr(used, end - used);
  if (line.size() + 2 > allowed_) {
    return fail_with(413, "Content too large");
  }
  used = end + 2;
  allowed_ -= line.size() + 2;
  if (chunk_ == Chunk::trailer) {
    if (line.empty()) {
      chunk_ = Chunk::size;
      chunked_ = false;  // over
    }
    return Status::complete;
  }
  if (chunk_ == Chunk::data_end) {
    chunk_ = Chunk::size;
    return line.empty() ? Status::complete : fail_with(400, "Bad chunk");
  }
  const auto size = chunk_size(line);
  if (!size) {
    return fail_with(400, "Bad chunk");
  }
  if (*size > allowed_) {
    return fail_with(413, "Content too large");
  }
  allowed_ -= *size;
  left_ = *size;
  chunk_ = *size == 0 ? Chunk::trailer : Chunk::data;
  return Status::complete;
}

}  // namespace tocsin::web
