#include <array>

#include "config/endpoint.hpp"
#include "config/kind_fields.hpp"
#include "config/scalars.hpp"

namespace tocsin::config {
namespace {

constexpr std::size_t kLongestExchange = 64U << 10U;

void decode_address(Decoder& d, const Node& node, TcpTarget& target) {
  if (auto endpoint = decode_endpoint(d, node, {})) {
    target.host = std::move(endpoint->host);
    target.port = endpoint->port;
  }
}

constexpr std::array kTargetFields{
    Field<TcpTarget>{{"address", "host:port to connect to", R"({"type":"string"})"},
                     decode_address},
    Field<TcpTarget>{{"host", "host name or address, with port", R"({"type":"string"})"},
                     [](Decoder& d, const Node& n, TcpTarget& t) {
                       if (auto host = decode_host(d, n)) t.host = std::move(*host);
                     }},
    Field<TcpTarget>{{"port", "port, with host", R"({"$ref":"#/$defs/integer"})"},
                     [](Decoder& d, const Node& n, TcpTarget& t) {
                       const auto port = decode_integer(d, n, {1, 65535});
                       if (port) t.port = static_cast<std::uint16_t>(*port);
                     }},
    Field<TcpTarget>{{"send", "text to send after connecting", R"({"type":"string"})"},
                     [](Decoder& d, const Node& n, TcpTarget& t) {
                       if (auto text = decode_text(d, n, kLongestExchange)) t.send = *text;
                     }},
    Field<TcpTarget>{{"expect", "text that the answer must hold", R"({"type":"string"})"},
                     [](Decoder& d, const Node& n, TcpTarget& t) {
                       if (auto text = decode_text(d, n, kLongestExchange)) t.expect = *text;
                     }},
};

constexpr std::array kOptionFields{
    Field<TcpOptions>{{"ip", "address family", R"({"$ref":"#/$defs/family"})"},
                      [](Decoder& d, const Node& n, TcpOptions& o) {
                        using check::IpFamily;
                        const auto family = decode_choice<IpFamily>(
                            d, n,
                            {{"any", IpFamily::any}, {"4", IpFamily::v4}, {"6", IpFamily::v6}});
                        if (family) o.family = *family;
                      },
                      [](const TcpOptions& from, TcpOptions& to) { to.family = from.family; }},
};

}  // namespace

const Table<TcpTarget>& tcp_target_table() {
  static constexpr Table<TcpTarget> kTable{kTargetFields, {}};
  return kTable;
}
const Table<TcpOptions>& tcp_option_table() {
  static constexpr Table<TcpOptions> kTable{kOptionFields, {}};
  return kTable;
}

void decode_tcp(Decoder& d, const Node& node, TcpTarget& target, Draft<TcpOptions>& options) {
  if (node.kind == Node::Kind::scalar) {
    decode_address(d, node, target);
    return;
  }
  if (node.kind != Node::Kind::map) {
    d.expected(node, "host:port or a map with address");
    return;
  }
  Draft<TcpTarget> own;
  for (const NodeEntry& entry : node.entries) {
    if (decode_entry(d, entry, tcp_target_table(), own)) continue;
    if (decode_entry(d, entry, tcp_option_table(), options)) continue;
    std::vector<std::string_view> names;
    add_names(tcp_target_table(), names);
    add_names(tcp_option_table(), names);
    unknown_key(d, entry, names);
  }
  const bool address = given(tcp_target_table(), own, "address");
  const bool host = given(tcp_target_table(), own, "host");
  const bool port = given(tcp_target_table(), own, "port");
  if (address ? (host || port) : !(host && port)) {
    d.error(node.at, "expected either address: \"host:port\", or host and port");
  }
  target = std::move(own.value);
}

}  // namespace tocsin::config
