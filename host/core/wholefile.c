/* SPDX-License-Identifier: MIT
 * wholefile.c -- see wholefile.h.  Writes to a temporary file beside the target, syncs it, and renames
 * it.  Owns nothing; the next writer overwrites what a killed one left behind. */
#include "core/wholefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fds.h"
#include "core/newfile.h"

int wholefile_read(const char *path, buf *out) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), failed = fd < 0 ? errno : 0;
  char piece[4096];
  ssize_t n = 1;
  while (!failed && n) {
    n = read(fd, piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failed = errno;
    else if (buf_add(out, piece, (size_t)n)) failed = EFBIG;
  }
  explicit_bzero(piece, sizeof piece);
  if (fd >= 0) close(fd);
  errno = failed;
  return failed ? -1 : 0;
}

/* As root: the new file keeps the owner of the old one. */
static void keep_owner(int fd, const char *path, const char *beside) {
  struct stat st;
  if (geteuid()) return;
  if (!stat(path, &st)) (void)!fchown(fd, st.st_uid, st.st_gid);
  else newfile_give(fd, beside);
}

static int write_beside(const char *path, const char *beside, const char *text, size_t n) {
  int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  int failed = fchmod(fd, 0600) ? errno : fds_write(fd, text, n);
  if (!failed && fsync(fd)) failed = errno;
  keep_owner(fd, path, beside);
  if (close(fd) && !failed) failed = errno;
  if (failed) unlink(beside);
  errno = failed;
  return failed ? -1 : 0;
}

/* Without this a power loss may undo the rename. */
static void sync_directory(const char *path) {
  char above[PATH_MAX];
  int n = snprintf(above, sizeof above, "%s", path);
  char *slash = n < PATH_MAX ? strrchr(above, '/') : NULL;
  if (!slash) return;
  slash[slash == above] = 0;
  int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

static int name_beside(char *out, const char *path, const char *end) {
  if (snprintf(out, PATH_MAX, "%s.%s", path, end) < PATH_MAX) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

int wholefile_replace(const char *path, const char *text, size_t n) {
  char beside[PATH_MAX];
  if (name_beside(beside, path, "new") || write_beside(path, beside, text, n)) return -1;
  if (rename(beside, path)) return -1;
  sync_directory(path);
  return 0;
}

int wholefile_create(const char *path, const char *text, size_t n) {
  char beside[PATH_MAX], end[32];
  snprintf(end, sizeof end, "%d", (int)getpid());
  if (name_beside(beside, path, end) || write_beside(path, beside, text, n)) return -1;
  int failed = link(beside, path) ? errno : 0;
  unlink(beside);
  if (!failed) sync_directory(path);
  errno = failed;
  return failed ? -1 : 0;
}
