#include "adapters/command_posix/run.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

namespace tocsin::adapters {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Cause = ports::CommandExit::Cause;

// Above what a pipe holds by default: one read empties it.
constexpr std::size_t kReadChunk = std::size_t{64} << 10U;
// For what a process that was left behind still writes.
constexpr Milliseconds kLinger{100};
// For a program to be gone after SIGKILL.
constexpr Milliseconds kDeath{1'000};

}  // namespace

Run::Run(World world, ports::CommandRequest request, pid_t pid)
    : world_(world),
      request_(std::move(request)),
      pid_(pid),
      exit_(world.context),
      input_(world.context),
      output_(world.context),
      errors_(world.context),
      started_(world.clock.mono_now()) {}

int Run::attach(Child& child) {
  const auto take_over = [](Stream& stream, Descriptor& descriptor) {
    error_code error;
    if (!stream.assign(descriptor.get(), error)) {
      static_cast<void>(descriptor.release());
      static_cast<void>(stream.non_blocking(true, error));
    }
    return error.value();
  };
  for (const auto& [stream, descriptor] :
       {std::pair{&exit_, &child.exit}, std::pair{&input_, &child.input},
        std::pair{&output_.pipe, &child.output}, std::pair{&errors_.pipe, &child.errors}}) {
    if (const int error = take_over(*stream, *descriptor); error != 0) {
      return error;
    }
  }
  return 0;
}

void Run::begin(Done done, Gone gone) {
  done_ = std::move(done);
  gone_ = std::move(gone);
  await_exit();
  read(output_);
  read(errors_);
  write_input(0);
  arm(request_.timeout, &Run::on_limit);
}

void Run::arm(Milliseconds limit, void (Run::*then)()) {
  world_.loop.cancel(timer_);
  timer_ = world_.loop.call_at(world_.clock.mono_now() + limit, [self = shared_from_this(), then] {
    self->timer_ = 0;
    ((*self).*then)();
  });
}

void Run::signal_group(int signal) const { ::kill(-pid_, signal); }

void Run::write_input(std::size_t from) {
  if (from == request_.input.size()) {
    error_code ignored;
    static_cast<void>(input_.close(ignored));
    request_.input = {};
    return;
  }
  input_.async_write_some(
      asio::buffer(request_.input.data() + from, request_.input.size() - from),
      [self = shared_from_this(), from](const error_code& error, std::size_t size) {
        // A program may close its input early: that is its own business.
        self->write_input(error ? self->request_.input.size() : from + size);
      });
}

void Run::read(Reading& reading) {
  reading.pipe.async_wait(Stream::wait_read,
                          [self = shared_from_this(), &reading](const error_code& error) {
                            if (!error) {
                              self->take(reading);
                            }
                          });
}

void Run::take(Reading& reading) {
  // Shared by all that run: only what is kept is copied out of it.
  static thread_local std::array<char, kReadChunk> chunk;
  error_code error;
  const std::size_t size = reading.pipe.read_some(asio::buffer(chunk), error);
  if (error == asio::error::would_block || error == asio::error::interrupted) {
    read(reading);
    return;
  }
  if (error) {
    reading.open = false;
    if (exited_ && !pipes_open()) {
      conclude();
    }
    return;
  }
  reading.bytes += size;
  const std::uint64_t room =
      request_.max_output_bytes -
      std::min<std::uint64_t>(request_.max_output_bytes, reading.kept.size());
  reading.kept.append(chunk.data(), std::min<std::uint64_t>(room, size));
  read(reading);
}

void Run::await_exit() {
  exit_.async_wait(Stream::wait_read, [self = shared_from_this()](const error_code& error) {
    if (!error) {
      self->on_exit();
    }
  });
}

void Run::on_exit() {
  if (std::exchange(exited_, true)) {
    return;
  }
  if (!done_) {
    reap();  // it was answered for as killed
    return;
  }
  result_.duration = world_.clock.mono_now() - started_;
  siginfo_t info{};
  // WNOWAIT: as a zombie it keeps its number, so that signals to the group reach no stranger.
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
    (info.si_code == CLD_EXITED ? result_.status : result_.signal) = info.si_status;
  }
  if (!pipes_open()) {
    conclude();
  } else if (!terminating_ || killed_) {
    arm(kLinger, &Run::conclude);
  }  // else what it left behind has the rest of the grace
}

void Run::on_limit() { terminate(Cause::timed_out); }

void Run::terminate(Cause cause) {
  if (terminating_ || !done_ || exited_) {
    return;
  }
  terminating_ = true;
  result_.cause = cause;
  signal_group(SIGTERM);
  signal_group(SIGCONT);  // a stopped program would not hear it
  arm(request_.grace, &Run::on_killed);
}

void Run::on_killed() {
  killed_ = true;
  signal_group(SIGKILL);
  arm(exited_ ? kLinger : kDeath, &Run::conclude);
}

void Run::conclude() {
  if (!done_) {
    return;
  }
  world_.loop.cancel(std::exchange(timer_, 0));
  if (!exited_) {
    result_.signal = SIGKILL;
    result_.duration = world_.clock.mono_now() - started_;
  }
  const bool held = pipes_open();
  error_code ignored;
  static_cast<void>(input_.close(ignored));
  static_cast<void>(output_.pipe.close(ignored));
  static_cast<void>(errors_.pipe.close(ignored));
  result_.output = std::move(output_.kept);
  result_.errors = std::move(errors_.kept);
  result_.output_bytes = output_.bytes;
  result_.error_bytes = errors_.bytes;
  world_.loop.post([done = std::exchange(done_, {}), result = std::move(result_)]() mutable {
    done(std::move(result));
  });
  if (!exited_) {
    return;  // reaped by on_exit()
  }
  if (killed_ || (!held && !terminating_)) {
    end_leftovers();
    return;
  }
  if (!terminating_) {
    signal_group(SIGTERM);
    signal_group(SIGCONT);
  }
  arm(request_.grace, &Run::end_leftovers);
}

void Run::end_leftovers() {
  signal_group(SIGKILL);
  reap();
}

void Run::reap() {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG);
  error_code ignored;
  static_cast<void>(exit_.close(ignored));
  if (gone_) {
    std::exchange(gone_, {})();
  }
}

void Run::kill_now() {
  if (!exited_) {
    result_.cause = Cause::cancelled;
  }
  terminating_ = killed_ = true;
  world_.loop.cancel(std::exchange(timer_, 0));
  signal_group(SIGKILL);
}

void Run::await_death(Milliseconds limit) {
  pollfd ended{exit_.native_handle(), POLLIN, 0};
  if (!exited_ && poll(&ended, 1, static_cast<int>(limit.count())) == 1) {
    on_exit();
  }
  conclude();
  if (exited_ && gone_) {
    reap();
  }
}

}  // namespace tocsin::adapters
