#pragma once
// A notification of a replayed sequence as a line. Pure.

#include <string>

#include "app/scenario_player.hpp"

namespace tocsin::app {

// {"scenario":"...","t":30,"type":"finished",...}: the fields under the names that `expect` of a
// file has (deployment::fields_of), then a line's end.
[[nodiscard]] std::string told_json(const std::string& scenario, const Told& told);

// "      2m5s  finished         deployment of web:2 finished after 1m35s"
[[nodiscard]] std::string told_text(const Told& told);

}  // namespace tocsin::app
