#include "adapters/log_spdlog/line.hpp"

#include <cstdint>
#include <variant>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace tocsin::adapters {

namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=") != std::string_view::npos;
}

void append_value(std::string& out, std::string_view value) {
  const std::string shown = printable(value);
  if (!needs_quotes(shown)) {
    out += shown;
    return;
  }
  out += '"';
  for (const char c : shown) {
    if (c == '"') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

std::string format_text(const LogLine& line, const Redactor& redactor) {
  std::string out;
  append_rfc3339(out, line.at);
  out += ' ';
  const std::string_view level = name_of(line.level);
  out += level;
  out.append(6 - level.size(), ' ');
  out += printable(redactor.redact(line.message));
  for (const LogField& field : line.fields) {
    out += ' ';
    out += field.key;
    out += '=';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      append_value(out, redactor.redact(*text));
    } else {
      out += std::to_string(std::get<std::int64_t>(field.value));
    }
  }
  return out;
}

std::string format_json(const LogLine& line, const Redactor& redactor) {
  std::string out;
  JsonWriter writer(out);
  writer.object();
  writer.field("at", line.at);
  writer.field("level", name_of(line.level));
  writer.field("message", redactor.redact(line.message));
  for (const LogField& field : line.fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      writer.field(field.key, redactor.redact(*text));
    } else {
      writer.field(field.key, std::get<std::int64_t>(field.value));
    }
  }
  writer.end_object();
  return out;
}

}  // namespace tocsin::adapters
