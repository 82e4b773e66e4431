#pragma once
// What a channel would do for a message, as JSON for people: of `POST .../preview` and
// `tocsin notify preview`.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.hpp"
#include "notification/format.hpp"

namespace tocsin::web {

using HideSecrets = std::function<std::string(std::string_view)>;

// [{kind: http, method, url, headers, body} | {kind: exec, run, input} | {kind: mail, server, port,
// security, username, from, to, text}]. Every text goes through `hide`; a mail's password and the
// value of a header that carries credentials are left out whatever it says.
void write_steps(JsonWriter& out, const std::vector<notification::Step>& steps,
                 const HideSecrets& hide);

}  // namespace tocsin::web
