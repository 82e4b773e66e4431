#pragma once
// What decoding one text needs at hand: where problems go, the field's path, substitution. One per
// source file; the field tables (field_table.hpp) and scalar decoders (scalars.hpp) work on it.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/substitution.hpp"
#include "config/yaml_text.hpp"
#include "config/yaml_tree.hpp"

namespace tocsin::config {

// Collects the problems of one file: without repetition, and at most kKept of them.
class Problems {
 public:
  static constexpr std::size_t kKept = 1'000;

  // `text`: what the file holds; outlives the problems.
  Problems(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {}
  void add(Severity severity, Position at, std::string path, std::string message,
           std::string corrected = {});

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const Lines& lines();  // counted when first asked for
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  // In the order of the text, columns in characters.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  struct Order {
    bool operator()(const Diagnostic& a, const Diagnostic& b) const;
  };
  std::string file_;
  std::string_view text_;
  std::optional<Lines> lines_;
  std::set<Diagnostic, Order> found_;
  std::size_t errors_ = 0;
  std::size_t left_out_ = 0;
};

class Decoder {
 public:
  Decoder(Problems& problems, Substitution& substitution)
      : problems_(problems), substitution_(substitution) {}

  // Adds a name to the path for the life of the returned object.
  class Scope {
   public:
    Scope(std::string& path, std::size_t length) : path_(path), length_(length) {}
    ~Scope() { path_.resize(length_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    std::string& path_;
    std::size_t length_;
  };
  [[nodiscard]] Scope enter(std::string_view key);
  [[nodiscard]] Scope enter(std::size_t index);
  // Adds nothing, where a scope is asked for.
  [[nodiscard]] Scope stay() { return {path_, path_.size()}; }
  [[nodiscard]] const std::string& path() const { return path_; }

  // Makes the corrected lines of every error added in its life; one around it is asked when this
  // one has none. Called only when there is an error.
  using Correct = std::function<std::string()>;
  class Correction {
   public:
    Correction(Decoder& d, Correct correct)
        : correct_(std::move(correct)), d_(d), outer_(std::exchange(d.correction_, this)) {}
    ~Correction() { d_.correction_ = outer_; }
    Correction(const Correction&) = delete;
    Correction& operator=(const Correction&) = delete;
    [[nodiscard]] std::string lines() const {
      std::string own = correct_();
      return own.empty() && outer_ != nullptr ? outer_->lines() : own;
    }

   private:
    Correct correct_;
    Decoder& d_;
    const Correction* outer_;
  };

  void error(Position at, std::string message);
  void warning(Position at, std::string message);
  // `found "30", expected a duration such as 30s (did you mean 30s?)`. The suggestion is left out
  // where it could derive from a substituted value.
  void expected(const Node& node, std::string_view what, std::string_view suggestion = {});
  // The same for a secret: nothing of the value is shown.
  void expected_secret(const Node& node, std::string_view what);

  // The text of a scalar with everything filled in. Anything but a scalar is an error.
  [[nodiscard]] std::optional<std::string> text(const Node& node, std::string_view what);
  // Whether the value of this scalar is not what stands in the file.
  [[nodiscard]] static bool substituted(const Node& node) {
    return Substitution::applies(node.text);
  }
  // Quoted, and not because ${...} needs quotes: then it is text and neither number nor flag.
  [[nodiscard]] static bool only_text(const Node& node) {
    return node.quoted && !substituted(node);
  }

  // The place of byte `offset` of the scalar that reads `value` and begins at `at`, as far as it
  // can be told (Lines::inside).
  [[nodiscard]] Position inside(Position at, std::string_view value, std::size_t offset) {
    return problems_.lines().inside(at, value, offset);
  }

  void add_secret(std::string value) { substitution_.add_secret(std::move(value)); }
  [[nodiscard]] std::size_t errors() const { return problems_.errors(); }

 private:
  Problems& problems_;
  Substitution& substitution_;
  std::string path_;
  const Correction* correction_ = nullptr;  // the innermost
};

// The name as it stands in a path: `checkout`, or `["a.b"]` when it would be ambiguous.
[[nodiscard]] std::string path_step(std::string_view key);
// For messages: `"30"`, `a map`, `a list`, `nothing`.
[[nodiscard]] std::string describe(const Node& node);

}  // namespace tocsin::config
