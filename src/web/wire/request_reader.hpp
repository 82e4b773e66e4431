#pragma once
// Reads HTTP/1.1 requests out of bytes as they come: a head, and a body that is passed over. Pure.
// Source: RFC 9112. Strict where two readers could see two things: line ends, lengths, folding.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::web {

struct WireRequest {
  std::string_view method;
  std::string_view target;
  std::string_view authorization;  // the field's value; "" without
  bool keep_alive = true;
  bool asks_keep_alive = false;  // HTTP/1.0: it waits for the end unless it is told
  bool expects_continue = false;
};

struct WireLimits {
  std::size_t head_bytes = 8U << 10U;
  std::uint64_t body_bytes = 64U << 10U;
};

// What is wrong with a request; the connection ends with the answer.
struct WireProblem {
  int status = 400;
  std::string_view message;
};

class RequestReader {
 public:
  struct Head {
    std::size_t size = 0;  // bytes of `text` that it takes
    WireRequest request;   // points into `text`
  };
  enum class Status : std::uint8_t { incomplete, complete, problem };

  // Looks for a whole head at the start of `text`. Empty lines before it are passed over.
  [[nodiscard]] Status read_head(std::string_view text, const WireLimits& limits);
  [[nodiscard]] const Head& head() const { return head_; }
  [[nodiscard]] const WireProblem& problem() const { return problem_; }

  // After a head: passes over the body. How many bytes of `text` belong to it, at most all; the
  // body is over when body_done(). Status: incomplete needs more, complete is over, problem.
  [[nodiscard]] Status skip_body(std::string_view text, std::size_t& used);
  [[nodiscard]] bool has_body() const { return chunked_ || left_ > 0; }

 private:
  enum class Chunk : std::uint8_t { size, data, data_end, trailer };

  Status fail_with(int status, std::string_view message);
  Status problem_of(std::string_view head);
  [[nodiscard]] bool read_request_line(std::string_view line);
  [[nodiscard]] bool read_field(std::string_view line);
  [[nodiscard]] bool take_length(std::string_view value);
  [[nodiscard]] bool take_connection(std::string_view value);
  [[nodiscard]] bool finish_head(const WireLimits& limits);
  Status skip_chunk_line(std::string_view text, std::size_t& used);

  Head head_;
  WireProblem problem_;
  bool http_1_0_ = false;
  bool has_host_ = false;
  bool chunked_ = false;
  std::optional<std::uint64_t> length_;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  std::uint64_t allowed_ = 0;
  Chunk chunk_ = Chunk::size;
};

}  // namespace tocsin::web
