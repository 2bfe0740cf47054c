/* Lets the n-th call of one kind fail in files below a folder: preloaded into a Python process, which
   arms it by fail_arm. Both Python's own calls and those of its libraries come by here. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE, SYNC, OPEN, RENAME, MKDIR, ALLOCATE, KINDS };
#define LARGE (64 << 10) /* smaller blocks are the interpreter's own */

static char root[4096];
static int armed = -1, error_code, for_good;
static long wanted;
static atomic_long calls[KINDS];

/* Count from here on, and let the n-th call of a kind fail (0: none); each after it too, `lasting`. */
void fail_arm(const char *folder, int kind, long n, int error, int lasting) {
  strncpy(root, folder, sizeof root - 1);
  for (int k = 0; k < KINDS; k++) calls[k] = 0;
  wanted = n, error_code = error, for_good = lasting, armed = kind;
}

long fail_count(int kind) { return calls[kind]; }

static int fails(int kind) {
  if (armed < 0) return 0;
  long n = ++calls[kind];
  if (kind != armed || !wanted || n < wanted || (n > wanted && !for_good)) return 0;
  errno = error_code;
  return 1;
}

static int below(const char *path) {
  char here[4096];
  if (armed < 0) return 0;
  if (path[0] == '/') return !strncmp(path, root, strlen(root));
  return getcwd(here, sizeof here) && !strncmp(here, root, strlen(root));
}

static int is_ours(int fd) {
  char link[64], path[4096];
  if (armed < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return !strncmp(path, root, strlen(root));
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define ON_FILE(kind, name, result, parameters, arguments) \
  result name parameters { REAL(name); return is_ours(fd) && fails(kind) ? -1 : real arguments; }
#define ON_PATH(kind, name, parameters, arguments) \
  int name parameters { REAL(name); return below(path) && fails(kind) ? -1 : real arguments; }
#define OPENS(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
    return below(path) && fails(OPEN) ? -1 : real(path, flags, mode); }
#define OPENS_AT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    REAL(name); va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
    return below(path) && fails(OPEN) ? -1 : real(folder, path, flags, mode); }

ON_FILE(WRITE, write, ssize_t, (int fd, const void *bytes, size_t size), (fd, bytes, size))
ON_FILE(WRITE, pwrite, ssize_t, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
ON_FILE(WRITE, pwrite64, ssize_t, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
ON_FILE(WRITE, writev, ssize_t, (int fd, const struct iovec *parts, int n), (fd, parts, n))
ON_FILE(WRITE, ftruncate, int, (int fd, off_t size), (fd, size))
ON_FILE(WRITE, ftruncate64, int, (int fd, off64_t size), (fd, size))
ON_FILE(SYNC, fsync, int, (int fd), (fd))
ON_FILE(SYNC, fdatasync, int, (int fd), (fd))
ON_PATH(RENAME, rename, (const char *path, const char *to), (path, to))
ON_PATH(MKDIR, mkdir, (const char *path, mode_t mode), (path, mode))
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  REAL(mmap);
  if (armed >= 0 && (flags & MAP_ANONYMOUS) && size >= LARGE && fails(ALLOCATE)) return MAP_FAILED;
  return real(at, size, protection, flags, fd, offset);
}

extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);
void *malloc(size_t size) { return size >= LARGE && fails(ALLOCATE) ? NULL : __libc_malloc(size); }
void *realloc(void *old, size_t size) {
  return size >= LARGE && fails(ALLOCATE) ? NULL : __libc_realloc(old, size);
}
