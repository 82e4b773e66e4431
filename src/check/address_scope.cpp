#include "check/address_scope.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "check/address.hpp"

namespace tocsin::check {
namespace {

using Ipv6 = std::array<std::uint16_t, 8>;

std::optional<std::uint32_t> ipv4_number(std::string_view text) {
  if (!is_ipv4(text)) {
    return std::nullopt;
  }
  std::uint32_t number = 0;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (int i = 0; i < 4; ++i) {
    std::uint32_t part = 0;
    at = std::from_chars(at, end, part).ptr + 1;
    number = number << 8U | part;
  }
  return number;
}

// Words of one side of "::", which may end in an IPv4 address.
std::size_t read_words(std::string_view text, Ipv6& words) {
  std::size_t count = 0;
  while (!text.empty() && count < words.size()) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view word = text.substr(0, colon);
    if (const auto v4 = ipv4_number(word); v4 && count + 1 < words.size()) {
      words.at(count++) = static_cast<std::uint16_t>(*v4 >> 16U);
      words.at(count++) = static_cast<std::uint16_t>(*v4 & 0xffffU);
    } else {
      std::uint16_t value = 0;
      std::from_chars(word.data(), word.data() + word.size(), value, 16);
      words.at(count++) = value;
    }
    text.remove_prefix(std::min(colon + 1, text.size()));
  }
  return count;
}

std::optional<Ipv6> ipv6_words(std::string_view text) {
  if (!is_ipv6(text)) {
    return std::nullopt;
  }
  Ipv6 out{};
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    read_words(text, out);
    return out;
  }
  read_words(text.substr(0, gap), out);
  Ipv6 tail{};
  const std::size_t count = read_words(text.substr(gap + 2), tail);
  std::copy_n(tail.begin(), count, out.end() - static_cast<std::ptrdiff_t>(count));
  return out;
}

struct Network {
  std::uint32_t prefix;
  unsigned bits;
};

// IANA IPv4 Special-Purpose Address Registry, and multicast.
constexpr std::array kNetworks{
    Network{0x00000000, 8},  Network{0x0a000000, 8},  Network{0x64400000, 10},
    Network{0x7f000000, 8},  Network{0xa9fe0000, 16}, Network{0xac100000, 12},
    Network{0xc0000000, 24}, Network{0xc0000200, 24}, Network{0xc0586300, 24},
    Network{0xc0a80000, 16}, Network{0xc6120000, 15}, Network{0xc6336400, 24},
    Network{0xcb007100, 24}, Network{0xe0000000, 3}};

bool is_private_ipv4(std::uint32_t address) {
  return std::ranges::any_of(kNetworks, [address](const Network& network) {
    return (address ^ network.prefix) >> (32U - network.bits) == 0;
  });
}

bool is_private_ipv6(const Ipv6& words) {
  const std::uint32_t last = std::uint32_t{words[6]} << 16U | words[7];
  const bool zeros = std::all_of(words.begin(), words.begin() + 5, [](auto w) { return w == 0; });
  if (zeros && (words[5] == 0 || words[5] == 0xffff)) {
    return is_private_ipv4(last);  // ::, ::1, compatible and mapped
  }
  if (words[0] == 0x0064 && words[1] == 0xff9b) {
    return words[2] != 0 || is_private_ipv4(last);  // NAT64; 64:ff9b:1::/48 is for local use
  }
  if (words[0] == 0x2002) {
    return is_private_ipv4(std::uint32_t{words[1]} << 16U | words[2]);  // 6to4
  }
  // Only 2000::/3 is given out; in it documentation and Teredo are no places to send to.
  return words[0] >> 13U != 1 || (words[0] == 0x2001 && (words[1] == 0x0db8 || words[1] == 0));
}

}  // namespace

bool is_private_address(std::string_view address) {
  if (const auto v4 = ipv4_number(address)) {
    return is_private_ipv4(*v4);
  }
  const auto v6 = ipv6_words(address);
  return !v6 || is_private_ipv6(*v6);
}

}  // namespace tocsin::check
