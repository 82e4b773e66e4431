#pragma once
// Lists of a client command as text for a terminal. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::app {

// Heads and rows in columns, each as wide as its widest cell; the last column is cut to fit
// `width`. What came from outside is made printable. Every row has as many cells as there are
// heads.
[[nodiscard]] std::string render_columns(const std::vector<std::string_view>& heads,
                                         const std::vector<std::vector<std::string>>& rows,
                                         std::size_t width);

// "1 silence", "3 silences", "no silences"
[[nodiscard]] std::string counted(std::size_t count, std::string_view noun);

}  // namespace tocsin::app
