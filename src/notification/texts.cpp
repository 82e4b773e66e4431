#include "notification/texts.hpp"

#include <utility>

#include "base/result.hpp"
#include "notification/values.hpp"

namespace tocsin::notification {
namespace {

// A line whose values are all missing is left out: most monitors have no runbook.
constexpr std::string_view kOpened =
    "{message}\n"
    "{description}\n"
    "Since {since}\n"
    "Runbook: {runbook}\n"
    "Dashboard: {dashboard}\n"
    "{evidence}\n"
    "Sent {late} late";
constexpr std::string_view kClosed =
    "{message}\n"
    "Incident: {since} to {time}\n"
    "Dashboard: {dashboard}\n"
    "Sent {late} late";
constexpr std::string_view kNote =
    "{message}\n"
    "{description}\n"
    "At {time}\n"
    "Runbook: {runbook}\n"
    "Dashboard: {dashboard}\n"
    "{evidence}\n"
    "Sent {late} late";

Template compiled(std::string_view text) {
  auto result = compile_template(text, event_vocabulary());
  TOCSIN_ASSERT(result.has_value());
  return std::move(*result);
}

}  // namespace

std::string_view Texts::default_of(alert::EventType type) {
  switch (alert::info(type).phase) {
    case alert::Phase::opens:
    case alert::Phase::goes_on:
      return kOpened;
    case alert::Phase::closes:
      return kClosed;
    case alert::Phase::note:
      break;
  }
  return kNote;
}

Texts::Texts() : other_(compiled(kNote)) {
  static_assert(std::tuple_size_v<decltype(by_type_)> == 11);
  for (const alert::EventTypeInfo& info : alert::event_types()) {
    set(info.type, compiled(default_of(info.type)));
  }
}

void Texts::set(alert::EventType type, Template text) {
  by_type_.at(static_cast<std::size_t>(type)) = std::move(text);
}

const Template& Texts::of(std::string_view type) const {
  const auto known = alert::parse_event_type(type);
  return known ? by_type_.at(static_cast<std::size_t>(*known)) : other_;
}

}  // namespace tocsin::notification
