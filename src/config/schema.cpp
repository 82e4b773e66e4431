#include "config/schema.hpp"

#include <array>

#include "base/json_writer.hpp"
#include "config/provider_fields.hpp"
#include "config/settings_fields.hpp"
#include "config/text_names.hpp"

namespace tocsin::config {
namespace {

struct ObjectDoc {
  std::string_view name;  // in $defs
  std::vector<FieldDoc> fields;
  std::string_view scalar;  // schema of the scalar that may stand for the map; "" when none may
};

template <typename... Tables>
ObjectDoc object(std::string_view name, std::string_view scalar, const Tables&... tables) {
  ObjectDoc doc{name, {}, scalar};
  (add_docs(tables, doc.fields), ...);
  return doc;
}

constexpr std::string_view kText = R"({"type":"string"})";

// Channels and sinks: the kinds, and what stands beside them.
void add_outlets(std::vector<ObjectDoc>& all) {
  ObjectDoc channel{"channel", {}, ""};
  ObjectDoc sink{"sink", {}, ""};
  for (const OutletKind& kind : outlet_kinds()) {
    (kind.sink ? sink : channel).fields.push_back(kind.doc);
  }
  add_docs(outlet_table(), channel.fields);
  add_docs(channel_table(), channel.fields);
  add_docs(outlet_table(), sink.fields);
  add_docs(sink_table(), sink.fields);
  all.push_back(std::move(channel));
  all.push_back(std::move(sink));
  all.push_back(object("slack", "", slack_table()));
  all.push_back(object("webhook", kText, webhook_table()));
  all.push_back(object("webhook_sink", kText, webhook_sink_table()));
  all.push_back(object("exec", "", exec_table()));
  all.push_back(object("email", "", email_table()));
  all.push_back(object("pagerduty", "", pagerduty_table()));
  all.push_back(object("datadog_event", "", datadog_sink_table()));
  for (const notification::Row& row : notification::rows()) {
    all.push_back({row.name, row_docs(row), ""});
  }
  all.push_back(object("templates", "", templates_table()));
  ObjectDoc texts{"event_texts", {}, ""};
  for (const alert::EventTypeInfo& info : alert::event_types()) {
    texts.fields.push_back({info.name, info.doc, kText});
  }
  for (const Hook& hook : hooks()) texts.fields.push_back({hook.name, hook.doc, kText});
  all.push_back(std::move(texts));
}

std::vector<ObjectDoc> objects() {
  std::vector<ObjectDoc> all;
  all.push_back(object("listen", kText, listen_table()));
  all.push_back(object("listen_tls", "", listen_tls_table()));
  all.push_back(object("auth", "", auth_settings_table()));
  all.push_back(object("token", "", token_table()));
  all.push_back(object("metrics", "", metrics_table()));
  all.push_back(object("store", "", store_table()));
  all.push_back(object("sqlite", "", sqlite_table()));
  all.push_back(object("retention", "", retention_table()));
  all.push_back(object("limits", "", limits_table()));
  all.push_back(object("log", "", log_table()));
  all.push_back(object("pings", "", ping_table()));
  all.push_back(object("self", "", self_table()));
  all.push_back(object("timers", "", timers_table()));
  all.push_back(object("timer_rule", "", timer_rule_table()));
  all.push_back(object("timer_token", "", timer_token_table()));
  all.push_back(object("timer_store", "", timer_store_table()));
  all.push_back(object("timer_sqlite", "", timer_sqlite_table()));
  all.push_back(object("dynamodb", "", dynamodb_table()));
  all.push_back(object("timer_limits", "", timer_limits_table()));
  all.push_back({"ecs", ecs_section_docs(), ""});
  all.push_back(object("ecs_cluster", kText, ecs_option_table()));
  all.push_back(object("ecs_services", R"({"$ref":"#/$defs/names"})", ecs_service_table()));
  all.push_back(object("maintenance_window", "", maintenance_table()));
  all.push_back(object("notify_entry", kText, notify_table()));
  all.push_back(object("http", kText, http_target_table(), http_option_table()));
  all.push_back(object("http_auth", "", auth_table()));
  all.push_back(object("basic", "", basic_table()));
  all.push_back(object("http_tls", "", tls_table()));
  all.push_back(object("tcp", kText, tcp_target_table(), tcp_option_table()));
  all.push_back(object("defaults_http", "", common_table(), http_option_table()));
  all.push_back(object("defaults_tcp", "", common_table(), tcp_option_table()));
  const std::vector<FieldDoc> kinds{{"http", "an HTTP check", R"({"$ref":"#/$defs/http"})"},
                                    {"tcp", "a TCP check", R"({"$ref":"#/$defs/tcp"})"}};
  ObjectDoc monitor = object("monitor", "", common_table(), own_table());
  monitor.fields.insert(monitor.fields.begin(), kinds.begin(), kinds.end());
  all.push_back(std::move(monitor));
  ObjectDoc heartbeat = object("heartbeat", "", heartbeat_table());
  const std::vector<FieldDoc> beside = heartbeat_common_docs();
  heartbeat.fields.insert(heartbeat.fields.end(), beside.begin(), beside.end());
  all.push_back(std::move(heartbeat));
  ObjectDoc defaults = object("defaults", "", common_table());
  defaults.fields.push_back({"http", "for HTTP monitors", R"({"$ref":"#/$defs/defaults_http"})"});
  defaults.fields.push_back({"tcp", "for TCP monitors", R"({"$ref":"#/$defs/defaults_tcp"})"});
  all.push_back(std::move(defaults));
  add_outlets(all);
  return all;
}

std::vector<FieldDoc> root_fields() {
  std::vector<FieldDoc> fields = streamed_sections();
  add_docs(section_table(), fields);
  return fields;
}

// A value whose text holds ${...} is typed after substitution, so it may be a string anywhere.
constexpr std::string_view kFilledIn = R"({"type":"string","pattern":"\\$\\{"})";

struct Definition {
  std::string_view name, schema;
};
constexpr std::array kDefinitions{
    Definition{"duration",
               R"({"type":"string","pattern":"^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$|\\$\\{"})"},
    Definition{"size", R"({"oneOf":[{"type":"integer","minimum":0},{"type":"string","pattern":)"
                       R"("^[0-9]+(\\.[0-9]+)?(B|kB|KiB|MB|MiB|GB|GiB|TiB)?$|\\$\\{"}]})"},
    Definition{"fail_after",
               R"({"oneOf":[{"type":"integer","minimum":1,"maximum":32},{"type":"string",)"
               R"("pattern":"^[0-9]+( of [0-9]+)?$|\\$\\{"}]})"},
    Definition{"family", R"({"enum":["any","4","6",4,6]})"},
    Definition{"names",
               R"({"oneOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]})"},
    Definition{"notify", R"({"oneOf":[{"$ref":"#/$defs/notify_entry"},{"type":"array",)"
                         R"("items":{"$ref":"#/$defs/notify_entry"}}]})"},
    Definition{"maintenance", R"({"type":"array","items":{"$ref":"#/$defs/maintenance_window"}})"},
    Definition{"texts", R"({"type":["object","null"],"additionalProperties":)"
                        R"({"type":["string","number","boolean"]}})"},
    Definition{"tokens", R"({"type":"array","items":{"$ref":"#/$defs/token"}})"},
    Definition{"monitors",
               R"({"type":["object","null"],"additionalProperties":{"$ref":"#/$defs/monitor"}})"},
    Definition{"heartbeats",
               R"({"type":["object","null"],"additionalProperties":{"$ref":"#/$defs/heartbeat"}})"},
    Definition{"channels",
               R"({"type":["object","null"],"additionalProperties":{"$ref":"#/$defs/channel"}})"},
    Definition{"sinks",
               R"({"type":["object","null"],"additionalProperties":{"$ref":"#/$defs/sink"}})"},
    Definition{"argv", R"({"type":"array","items":{"type":["string","number"]},"minItems":1})"},
    Definition{"formatter", R"({"type":"object","properties":{"run":{"$ref":"#/$defs/argv"}},)"
                            R"("required":["run"],"additionalProperties":false})"},
    Definition{"channel_texts", R"({"type":["object","null"],"additionalProperties":)"
                                R"({"$ref":"#/$defs/event_texts"}})"},
};

void write_properties(JsonWriter& w, const std::vector<FieldDoc>& fields) {
  w.key("properties").object();
  for (const FieldDoc& field : fields) {
    // Keywords beside $ref hold in draft 2020-12, so the description may stand beside it.
    w.key(field.name).object();
    w.field("description", field.doc);
    std::string_view schema = field.schema;  // "{...}": its members go into the open object
    schema.remove_prefix(1);
    schema.remove_suffix(1);
    const std::size_t colon = schema.find(':');
    w.key(schema.substr(1, colon - 2)).raw(schema.substr(colon + 1));
    w.end_object();
  }
  w.end_object();
}

void write_object(JsonWriter& w, const ObjectDoc& doc) {
  w.key(doc.name).object();
  if (!doc.scalar.empty()) {
    w.key("oneOf").array().raw(doc.scalar).object();
  }
  w.key("type").raw(R"(["object","null"])");
  write_properties(w, doc.fields);
  w.field("additionalProperties", false);
  if (!doc.scalar.empty()) w.end_object().end_array();
  w.end_object();
}

}  // namespace

std::string json_schema() {
  std::string out;
  JsonWriter w(out);
  w.object();
  w.field("$schema", "https://json-schema.org/draft/2020-12/schema");
  w.field("title", "Tocsin configuration");
  w.key("type").raw(R"(["object","null"])");
  write_properties(w, root_fields());
  w.key("patternProperties").raw(R"({"^x-":true})");
  w.field("additionalProperties", false);
  w.key("$defs").object();
  w.key("filled_in").raw(kFilledIn);
  w.key("bool").raw(R"({"oneOf":[{"type":"boolean"},{"$ref":"#/$defs/filled_in"}]})");
  w.key("integer").raw(
      R"({"oneOf":[{"type":"integer","minimum":0},{"$ref":"#/$defs/filled_in"}]})");
  for (const Definition& definition : kDefinitions) {
    w.key(definition.name).raw(definition.schema);
  }
  for (const ObjectDoc& doc : objects()) write_object(w, doc);
  w.end_object();
  w.end_object();
  return out;
}

std::vector<std::string> documented_keys() {
  std::vector<std::string> keys;
  for (const FieldDoc& doc : root_fields()) keys.push_back("root." + std::string(doc.name));
  for (const ObjectDoc& doc : objects()) {
    for (const FieldDoc& field : doc.fields) {
      keys.push_back(std::string(doc.name) + "." + std::string(field.name));
    }
  }
  return keys;
}

}  // namespace tocsin::config
