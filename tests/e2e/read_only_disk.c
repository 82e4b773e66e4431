// Preloaded into the daemon: while the file $READ_ONLY_WHEN exists, every change of a file under
// $READ_ONLY_FOLDER fails with EROFS, as on a disk that the kernel made read-only after an error.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int below(const char* path) {
  const char* folder = getenv("READ_ONLY_FOLDER");
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int refused(void) {
  const char* when = getenv("READ_ONLY_WHEN");
  return when && access(when, F_OK) == 0;
}

static int refused_fd(int fd) {
  if (!refused()) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return below(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSE_IF(condition)           \
  do {                                 \
    const int before = errno;          \
    if (condition) {                   \
      errno = EROFS;                   \
      return -1;                       \
    }                                  \
    errno = before;                    \
  } while (0)

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  REFUSE_IF(refused_fd(fd));
  return REAL(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  REFUSE_IF(refused_fd(fd));
  return REAL(pwrite64)(fd, data, size, at);
}
ssize_t write(int fd, const void* data, size_t size) {
  REFUSE_IF(refused_fd(fd));
  return REAL(write)(fd, data, size);
}
int ftruncate(int fd, off_t size) {
  REFUSE_IF(refused_fd(fd));
  return REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  REFUSE_IF(refused_fd(fd));
  return REAL(ftruncate64)(fd, size);
}
int unlink(const char* path) {
  REFUSE_IF(below(path) && refused());
  return REAL(unlink)(path);
}

static int mode_of(int flags, va_list rest) { return flags & O_CREAT ? va_arg(rest, int) : 0; }

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = mode_of(flags, rest);
  va_end(rest);
  REFUSE_IF((flags & (O_WRONLY | O_RDWR)) && below(path) && refused());
  return REAL(open)(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = mode_of(flags, rest);
  va_end(rest);
  REFUSE_IF((flags & (O_WRONLY | O_RDWR)) && below(path) && refused());
  return REAL(open64)(path, flags, mode);
}
