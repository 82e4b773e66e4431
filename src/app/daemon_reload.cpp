// Reload: files are read and validated off the loop, taken over on it; a broken main file changes
// nothing.

#include <utility>

#include "adapters/config_files/config_files.hpp"
#include "app/daemon.hpp"

namespace tocsin::app {
namespace {

constexpr const char* kTakenOverAgain = "the configuration is taken over again";

// Of any file when `file` is "".
std::string first_error_of(const LoadedConfig& loaded, const std::string& file) {
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    if ((file.empty() || diagnostic.file == file) &&
        diagnostic.severity == config::Severity::error) {
      return config::to_string(diagnostic);
    }
  }
  return "";
}

}  // namespace

void Daemon::report(const LoadedConfig& loaded) {
  problems_ = {};
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    const bool error = diagnostic.severity == config::Severity::error;
    ++(error ? problems_.errors : problems_.warnings);
    log_->log(error ? LogLevel::error : LogLevel::warn, config::to_string(diagnostic));
  }
  for (const std::string& file : loaded.broken_drop_ins) {
    problems_.broken_dropins.push_back({file, first_error_of(loaded, file)});
    log_->error("drop-in ignored: it is broken", {{"file", file}});
  }
}

// Whoever is told of Tocsin's own troubles hears of broken drop-ins.
void Daemon::tell_of_config() {
  service::Troubles& troubles = delivery_->troubles();
  if (problems_.broken_dropins.empty()) {
    troubles.clear("config", "every drop-in is read again");
    return;
  }
  std::string text;
  for (const auto& broken : problems_.broken_dropins) {
    text += (text.empty() ? "" : "; ") + broken.file + ": " + broken.message;
  }
  troubles.raise("config", "config", alert::Severity::warning,
                 "drop-ins are ignored because they are broken: " + text);
}

void Daemon::tell_of_config_at_start() {
  delivery_->troubles().clear("reload", kTakenOverAgain);
  tell_of_config();
}

void Daemon::begin_reload(std::string_view why) {
  if (reload_runs_) {
    reload_again_ = true;
    return;
  }
  reload_runs_ = true;
  tell(systemd_.reloading());
  log_->info("reloading the configuration", {{"why", why}, {"path", options_.config}});
  reloading_ = std::jthread([this, path = options_.config] {
    auto loaded = load_config(path);
    network_->loop().post(
        [this, loaded = std::move(loaded)]() mutable { finish_reload(std::move(loaded)); });
  });
}

void Daemon::refuse_reload(const std::string& why) {
  log_->error("reload refused; the running configuration stays: " + why);
  ++problems_.errors;
  delivery_->troubles().raise(
      "reload", "config", alert::Severity::warning,
      "the configuration on disk is refused, the running one stays; a restart would fail: " + why);
}

void Daemon::finish_reload(Result<LoadedConfig> loaded) {
  reload_runs_ = false;
  tell(systemd_.ready());
  if (!loaded) {
    refuse_reload(loaded.error().message);
  } else if (!loaded->config) {
    const auto broken_before = problems_.broken_dropins;
    report(*loaded);
    problems_.broken_dropins = broken_before;
    refuse_reload("the main file is broken: " + first_error_of(*loaded, ""));
  } else {
    config::ReloadCheck check =
        config::check_reload(loaded_.config->settings, loaded->config->settings);
    const config::Settings& next = loaded->config->settings = std::move(check.settings);
    if (const auto safe = api_->apply(next); !safe) {
      refuse_reload(safe.error().message);
    } else {
      log_->set_secrets(loaded->secrets);
      watch_->hide(loaded->secrets);
      log_->set_level(level_.value_or(next.log.level));
      log_->set_json(next.log.json);
      report(*loaded);
      if (const auto renewed = listener_->renew_certificate(); !renewed) {
        check.errors.push_back(renewed.error().message + "; the certificate in use stays");
      }
      for (const std::string& text : check.errors) {
        log_->error(text);
        ++problems_.errors;
      }
      delivery_->apply(*loaded->config);
      watch_->reload(*loaded->config);
      if (timers_) {
        timers_->apply(*next.timers);
      }
      apply_ecs(next.ecs);
      loaded_ = std::move(*loaded);
      loaded_.config->monitors = {};
      delivery_->troubles().clear("reload", kTakenOverAgain);
      log_->info("configuration reloaded",
                 {{"monitors", static_cast<std::int64_t>(watch_->size())}});
    }
  }
  tell_of_config();
  if (std::exchange(reload_again_, false)) {
    begin_reload("changed again");
  }
}

// A change is taken over once two looks in a row see the same: a file that is emptied and then
// written again, or copied slowly, would otherwise be read half, and half a file may be valid.
void Daemon::watch_files() {
  if (!loaded_.config->settings.watch || reload_runs_) {
    return;
  }
  const std::uint64_t now = adapters::config_fingerprint(options_.config);
  const bool settled = now == std::exchange(files_last_look_, now);
  if (settled && now != files_seen_) {
    files_seen_ = now;
    begin_reload("files changed");
  }
}

}  // namespace tocsin::app
