/* SPDX-License-Identifier: MIT
 * beneath.c -- see beneath.h.  Owns: nothing.  Must never: check a name first and open it later. */
#include "core/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/utf8.h"

enum { RENAMED_MAX = 64 }; /* retries when a directory is moved while we walk through it */

int beneath_walks;

static bool part_ok(const char *p, size_t n) {
  if (!n || n > BENEATH_PART || (n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) return false;
  for (size_t i = 0; i < n; i++) {
    if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f || p[i] == '\\') return false;
  }
  return true;
}

bool beneath_ok(const char *name, size_t n) {
  size_t from = 0, depth = 0;
  if (!n || n > BENEATH_NAME || utf8_check(UTF8_OK, name, n) != UTF8_OK) return false;
  for (size_t i = 0; i <= n; i++) {
    if (i < n && name[i] != '/') continue;
    if (!part_ok(name + from, i - from) || ++depth > BENEATH_DEPTH) return false;
    from = i + 1;
  }
  return true;
}

int beneath_root(const char *path) {
  return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Opens one part after another, each relative to the descriptor of the one before. */
static int walk(int root, const char *name, int flags) {
  char part[BENEATH_PART + 1];
  int dir = root;
  for (;;) {
    size_t n = strcspn(name, "/");
    if (n >= sizeof part || !part_ok(name, n)) {
      errno = EXDEV;
      n = 0;
    }
    memcpy(part, name, n);
    part[n] = 0;
    name += n + (name[n] == '/');
    int how = *name ? O_PATH | O_DIRECTORY : flags;
    int fd = n ? openat(dir, part, how | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    int why = errno;
    if (dir != root) close(dir);
    errno = why;
    if (fd < 0 || !*name) return fd;
    dir = fd;
  }
}

static int open2(int root, const char *name, int flags, bool links) {
  int more = flags & O_PATH ? O_CLOEXEC : O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  struct open_how how = {
      .flags = (unsigned)(flags | more),
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (links ? 0u : (unsigned)RESOLVE_NO_SYMLINKS),
  };
  return (int)syscall(SYS_openat2, root, name, &how, sizeof how);
}

/* EPERM: what a seccomp filter older than openat2 returns. */
static bool is_missing(int why) {
  return why == ENOSYS || why == EPERM;
}

int beneath_open(int root, const char *name, int flags, bool links) {
  static int missing; /* set by any thread, to the same value */
  if (!*name) return openat(root, ".", (flags & ~O_NOFOLLOW) | O_CLOEXEC);
  if (beneath_walks || __atomic_load_n(&missing, __ATOMIC_RELAXED)) return walk(root, name, flags);
  int fd = -1;
  for (int i = 0; i < RENAMED_MAX; i++) {
    fd = open2(root, name, flags, links);
    if (fd >= 0 || errno != EAGAIN) break;
  }
  if (fd >= 0 || !is_missing(errno)) return fd;
  if (errno == ENOSYS) __atomic_store_n(&missing, 1, __ATOMIC_RELAXED);
  return walk(root, name, flags);
}

int beneath_parent(int root, const char *name, const char **last) {
  char parent[BENEATH_NAME + 1];
  const char *slash = strrchr(name, '/');
  size_t n = slash ? (size_t)(slash - name) : 0;
  *last = slash ? slash + 1 : name;
  if (n >= sizeof parent) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(parent, name, n);
  parent[n] = 0;
  return beneath_open(root, parent, O_PATH | O_DIRECTORY, false);
}

int beneath_make(int root, const char *name, size_t n, mode_t mode) {
  char part[BENEATH_PART + 1];
  int dir = fcntl(root, F_DUPFD_CLOEXEC, 0);
  for (size_t i = 0; dir >= 0 && i < n;) {
    size_t k = strcspn(name + i, "/");
    if (k > n - i) k = n - i;
    memcpy(part, name + i, k);
    part[k] = 0;
    int made = mkdirat(dir, part, mode) && errno != EEXIST ? -1 : 0;
    int next = made ? -1 : openat(dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int why = errno;
    close(dir);
    errno = why;
    dir = next;
    i += k + 1;
  }
  return dir;
}

/* Some file systems cannot do both at once: a file gets a second name, and a directory is looked for. */
int beneath_rename_new(int from_dir, const char *from, int dir, const char *name) {
  struct stat st;
  if (!renameat2(from_dir, from, dir, name, RENAME_NOREPLACE)) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (!linkat(from_dir, from, dir, name, 0)) return unlinkat(from_dir, from, 0) ? errno : 0;
  if (errno != EPERM) return errno;
  if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) return EEXIST;
  return renameat(from_dir, from, dir, name) ? errno : 0;
}

int beneath_sync(int dir) {
  int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int why = fd < 0 || fsync(fd) ? errno : 0;
  if (fd >= 0) close(fd);
  return why == EINVAL ? 0 : why; /* some file systems have no such thing */
}
