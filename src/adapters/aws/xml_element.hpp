#pragma once
// The one thing that is read from AWS's XML: the text of an element that has no attributes and no
// children.

#include <string>
#include <string_view>

namespace tocsin::aws {

// Of the first element of this name; "" when there is none.
[[nodiscard]] std::string xml_element(std::string_view xml, std::string_view name);

}  // namespace tocsin::aws
