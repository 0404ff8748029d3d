/* SPDX-License-Identifier: MIT
 * newfile.c -- see newfile.h.  Owns nothing; leaves no half-written file behind. */
#include "core/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fds.h"

typedef struct { char *p; size_t n; } reason;

static int fail(reason why, const char *path, const char *what) {
  snprintf(why.p, why.n, "%s: %s", path, what);
  return -1;
}

/* Every part of a relative path is a name. */
static bool is_inside(const char *path) {
  if (!*path || *path == '/') return false;
  for (const char *p = path; *p;) {
    size_t n = strcspn(p, "/");
    if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) return false;
    p += n;
    if (*p && !*++p) return false;
  }
  return true;
}

/* ---- root in somebody's directory ---- */

static int owner_above(const char *path, struct stat *st) {
  char above[PATH_MAX];
  int n = snprintf(above, sizeof above, "%s", path);
  char *slash = n < PATH_MAX ? strrchr(above, '/') : NULL;
  if (!slash) return -1;
  slash[slash == above] = 0;
  return stat(above, st);
}

/* Only if it is a plain file or directory with one name: a
 * link could lead to a file that is not theirs. */
void newfile_give(int fd, const char *path) {
  struct stat above, st;
  if (geteuid() || fstat(fd, &st) || st.st_uid || owner_above(path, &above) || !above.st_uid) return;
  if (S_ISREG(st.st_mode) && st.st_nlink > 1) return;
  if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return;
  (void)!fchown(fd, above.st_uid, above.st_gid);
}

static void give_directory(const char *path) {
  int fd = geteuid() ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  newfile_give(fd, path);
  close(fd);
}

int newfile_directories(char *path, mode_t mode) {
  for (char *p = path + 1;; p++) {
    char c = *p;
    if (c && c != '/') continue;
    *p = 0;
    bool made = !mkdir(path, mode);
    if (!made && errno != EEXIST) return -1;
    if (made) give_directory(path);
    *p = c;
    if (!c) return 0;
  }
}

/* Makes the directories above the last name of `path`, from byte `from` on. */
static int make_parents(char *path, size_t from, reason why) {
  for (char *p = path + from; (p = strchr(p, '/')); p++) {
    *p = 0;
    bool made = !*path || !mkdir(path, 0755);
    if (!made && errno != EEXIST) return fail(why, path, strerror(errno));
    if (made && *path && chmod(path, 0755)) return fail(why, path, strerror(errno));
    if (made && *path) give_directory(path);
    *p = '/';
  }
  return 0;
}

/* A link along the path may lead out of `dir`. */
static int check_parent(const char *dir, char *path, reason why) {
  char root[PATH_MAX], real[PATH_MAX], *slash = strrchr(path, '/');
  *slash = 0;
  bool known = realpath(dir, root) && realpath(path, real);
  *slash = '/';
  if (!known) return fail(why, path, strerror(errno));
  size_t n = strlen(root);
  if (!strncmp(real, root, n) && (!real[n] || real[n] == '/')) return 0;
  return fail(why, path, "a link leads out of the directory");
}

int newfile_write(const char *dir, const char *path, const char *text, size_t n, char *why_text,
                  size_t why_n) {
  char full[PATH_MAX];
  reason why = {why_text, why_n};
  if (!is_inside(path)) return fail(why, path, "must be a path inside of the directory");
  int m = snprintf(full, sizeof full, "%s/%s", dir, path);
  if (m >= PATH_MAX) return fail(why, path, "is too long");
  if (make_parents(full, 1, why) || check_parent(dir, full, why)) return -1;
  int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return fail(why, full, errno == EEXIST ? "exists already" : strerror(errno));
  int failed = fchmod(fd, 0644) ? errno : fds_write(fd, text, n);
  newfile_give(fd, full);
  if (close(fd) && !failed) failed = errno;
  if (!failed) return 0;
  unlink(full);
  return fail(why, full, strerror(failed));
}
