#pragma once
// What people read about each type of event: the templates of the product, over which those of the
// configuration lie.

#include <array>
#include <memory>
#include <string_view>

#include "alert/event_type.hpp"
#include "notification/template.hpp"

namespace tocsin::notification {

// Immutable once shared; any thread.
class Texts {
 public:
  Texts();  // the defaults

  void set(alert::EventType type, Template text);
  // Of a type that this version does not know: a text that holds for every event.
  [[nodiscard]] const Template& of(std::string_view type) const;

  // The default of a type, as documentation shows it.
  [[nodiscard]] static std::string_view default_of(alert::EventType type);

 private:
  std::array<Template, alert::kEventTypes> by_type_;
  Template other_;
};

}  // namespace tocsin::notification
