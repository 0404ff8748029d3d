/* SPDX-License-Identifier: MIT
 * spool.c -- see spool.h.
 *
 * Owns: the directory home/spool, and for each file the lock that marks its owner.  A killed host
 * leaves files without a lock; the next worker that starts removes them.  Must never: follow a link. */
#include "http/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/beneath.h"
#include "core/conf.h"
#include "core/fds.h"

enum { COPY = 1 << 18, NAME = 64 };

static char directory[PATH_MAX];
static const EVP_MD *sha256;

void spool_init(void) {
  snprintf(directory, sizeof directory, "%.*s/spool", PATH_MAX - NAME - 8, conf_str("home"));
  if (!sha256) sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

const char *spool_dir(void) {
  return directory;
}

spool_file *spool_new(void) {
  static unsigned count;
  spool_file *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  f->fd = -1;
  f->digest = EVP_MD_CTX_new();
  if (!f->digest || EVP_DigestInit_ex(f->digest, sha256, NULL) != 1) {
    EVP_MD_CTX_free(f->digest);
    free(f);
    return NULL;
  }
  snprintf(f->path, sizeof f->path, "%.*s/%d-%u", PATH_MAX - NAME, directory, (int)getpid(), ++count);
  return f;
}

/* ---- writing ---- */

static int create(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 || errno != ENOENT) return fd;
  if (mkdir(directory, 0700) && errno != EEXIST) return -1;
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* spool_clean() may have removed the file before we locked it: then create it again. */
static int open_locked(spool_file *f) {
  for (int attempt = 0; attempt < 8; attempt++) {
    struct stat st;
    int fd = create(f->path);
    if (fd < 0 && errno == EEXIST && !unlink(f->path)) continue; /* of a process with our ID */
    if (fd < 0) return errno;
    if (!flock(fd, LOCK_EX | LOCK_NB) && !fstat(fd, &st) && st.st_nlink > 0) {
      f->fd = fd;
      return 0;
    }
    close(fd);
  }
  return EBUSY;
}

static int has_room(int fd, size_t n, uint64_t keep_free) {
  struct statvfs s;
  if (fstatvfs(fd, &s)) return errno;
  return (uint64_t)s.f_bavail * s.f_frsize < keep_free + n ? ENOSPC : 0;
}

int spool_write(spool_file *f, const void *p, size_t n, uint64_t keep_free) {
  int e = f->fd < 0 ? open_locked(f) : 0;
  if (!e && n) e = has_room(f->fd, n, keep_free);
  if (!e) e = fds_write(f->fd, p, n);
  if (!e && EVP_DigestUpdate(f->digest, p, n) != 1) e = ENOMEM;
  if (!e) f->size += n;
  return e;
}

int spool_finish(spool_file *f) {
  int e = f->fd < 0 ? open_locked(f) : 0;
  if (!e && EVP_DigestFinal_ex(f->digest, f->sha256, NULL) != 1) e = ENOMEM;
  return e;
}

void spool_drop(spool_file *f) {
  if (f->fd >= 0 && !f->moved) unlink(f->path);
  if (f->fd >= 0) close(f->fd);
  EVP_MD_CTX_free(f->digest);
  free(f);
}

/* ---- moving it to its final place ---- */

static int copy_bytes(int from, int to) {
  char *p = malloc(COPY);
  ssize_t n = p ? 1 : 0;
  int e = p ? 0 : ENOMEM;
  for (off_t at = 0; !e && n > 0; at += n) {
    n = pread(from, p, COPY, at);
    if (n < 0) e = errno;
    else e = fds_write(to, p, (size_t)n);
  }
  free(p);
  return e;
}

/* To another file system: copies under a temporary name, then renames. */
static int copy_into(spool_file *f, int at, const char *name) {
  char part[NAME];
  snprintf(part, sizeof part, ".part-%s", strrchr(f->path, '/') + 1);
  int fd = openat(at, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno;
  int e = copy_bytes(f->fd, fd);
  if (!e && fsync(fd)) e = errno;
  close(fd);
  if (!e) e = beneath_rename_new(at, part, at, name);
  if (e) unlinkat(at, part, 0);
  else unlink(f->path);
  return e;
}

/* The folder that `to` is in, below a directory. */
static int parent_of(const char *dir, const char *to, const char *last) {
  int root = beneath_root(dir);
  int at = root < 0 ? -1 : beneath_make(root, to, (size_t)(last - to), 0755);
  int e = errno;
  if (root >= 0) close(root);
  errno = e;
  return at;
}

int spool_move(spool_file *f, const char *dir, const char *to) {
  const char *slash = strrchr(to, '/'), *last = slash ? slash + 1 : to;
  if (f->moved) return ENOENT;
  if (!beneath_ok(to, strlen(to))) return EINVAL;
  mkdir(dir, 0700); /* the root does not exist before its first use */
  int at = parent_of(dir, to, last);
  if (at < 0) return errno;
  int e = fsync(f->fd) ? errno : beneath_rename_new(AT_FDCWD, f->path, at, last);
  if (e == EXDEV) e = copy_into(f, at, last);
  if (!e) e = beneath_sync(at);
  close(at);
  f->moved = !e;
  return e;
}

/* ---- removing leftovers ---- */

static bool is_left(int dir, const char *name) {
  int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  bool left = !flock(fd, LOCK_EX | LOCK_NB) && !unlinkat(dir, name, 0);
  close(fd);
  return left;
}

int spool_clean(void) {
  int n = 0;
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fd < 0 ? NULL : fdopendir(fd);
  if (!d) {
    if (fd >= 0) close(fd);
    return 0;
  }
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] != '.') n += is_left(fd, e->d_name);
  }
  closedir(d);
  return n;
}
