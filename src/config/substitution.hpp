#pragma once
// ${NAME}, ${NAME:-default}, ${env:NAME}, ${file:/path} and $$ in scalar values, after parsing, so
// that what is filled in can never change the structure of the text.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::config {

class Substitution {
 public:
  using Env = std::function<std::optional<std::string>(std::string_view)>;
  using ReadFile = std::function<Result<std::string>(const std::string&)>;

  Substitution(Env env, ReadFile read_file)
      : env_(std::move(env)), read_file_(std::move(read_file)) {}

  // Whether anything in `text` would be replaced: only then is expand() needed.
  [[nodiscard]] static bool applies(std::string_view text) {
    return text.contains("${") || text.contains("$$");
  }

  // The text with everything filled in; on failure what is wrong, quoting the text as written.
  [[nodiscard]] std::expected<std::string, std::string> expand(std::string_view text);

  // Every value that came from the environment or a file, and what was marked by add_secret().
  [[nodiscard]] const std::set<std::string>& secrets() const { return secrets_; }
  void add_secret(std::string value);

 private:
  std::expected<std::string, std::string> value_of(std::string_view reference);
  std::expected<std::string, std::string> variable(std::string_view text,
                                                   std::string_view reference);
  std::expected<std::string, std::string> file(std::string_view path);

  Env env_;
  ReadFile read_file_;
  std::map<std::string, std::expected<std::string, std::string>, std::less<>> files_;
  std::set<std::string> secrets_;
};

}  // namespace tocsin::config
