#pragma once
// The section `templates`: texts by event type, for all channels and for single ones.

#include <map>
#include <string>
#include <vector>

#include "alert/event_type.hpp"
#include "config/field_table.hpp"
#include "notification/template.hpp"

namespace tocsin::config {

struct TextDraft {
  alert::EventType type;
  std::string name;  // under which it stands: that of the type or of its hook
  Position at;
  notification::Template text;
};

struct TemplatesDraft {
  struct Channel {
    Position at;
    std::vector<TextDraft> texts;
  };
  std::vector<TextDraft> events;
  std::map<std::string, Channel, std::less<>> channels;
};

[[nodiscard]] const Table<TemplatesDraft>& templates_table();

}  // namespace tocsin::config
