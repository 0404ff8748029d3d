/* SPDX-License-Identifier: MIT
 * watch.c -- see watch.h: inotify on directories.  Which
 * file changed does not matter: a reload reads all.
 *
 * Owns: the inotify descriptor and the list of directories.  A burst of changes (an editor's save, a
 * checkout) counts as one, due after a quiet moment. */
#include "server/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

enum { DEPTH_MAX = 16 };
static const double QUIET_S = 0.3;
static const uint32_t EVENTS = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                               IN_MOVED_TO | IN_ONLYDIR;

static struct {
  int fd;
  const char *paths;
  uint64_t roots;    /* identifies the directories that exist */
  double changed_at; /* 0: no change */
} w = {.fd = -1};

int watch_fd(void) {
  return w.fd;
}

static void add(const char *path, int depth) {
  char below[PATH_MAX];
  struct stat st;
  DIR *d;
  if (inotify_add_watch(w.fd, path, EVENTS) < 0 && errno != ENOENT)
    log_fmt(LOG_WARN, "watch: %s: %s", path, strerror(errno));
  if (depth == DEPTH_MAX || !(d = opendir(path))) return;
  for (const struct dirent *e; (e = readdir(d));) {
    int n = snprintf(below, sizeof below, "%s/%s", path, e->d_name);
    if (e->d_name[0] != '.' && n < PATH_MAX && !lstat(below, &st) && S_ISDIR(st.st_mode))
      add(below, depth + 1);
  }
  closedir(d);
}

/* Adding a watched directory again changes nothing, so we add all to catch new ones. */
static void add_all(void) {
  for (const char *p = w.paths; *p;) {
    char path[PATH_MAX];
    size_t n = strcspn(p, ":");
    if (n && n < sizeof path) {
      memcpy(path, p, n);
      path[n] = 0;
      add(path, 0);
    }
    p += n + (p[n] == ':');
  }
}

/* inotify cannot report a directory that appears or is replaced as a
 * whole, so we look the paths up: a handful, ten times a second. */
static uint64_t look_up(void) {
  uint64_t sum = 14695981039346656037u;
  for (const char *p = w.paths; *p; p += *p == ':') {
    char path[PATH_MAX];
    struct stat st = {0};
    size_t n = strcspn(p, ":");
    snprintf(path, sizeof path, "%.*s", (int)n, p);
    if (n && stat(path, &st)) st = (struct stat){0};
    sum = ((sum ^ st.st_ino) * 1099511628211u ^ st.st_dev) * 1099511628211u;
    p += n;
  }
  return sum;
}

void watch_open(const char *paths) {
  w.paths = paths;
  w.roots = look_up();
  w.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (w.fd < 0) log_fmt(LOG_ERROR, "watch: %s", strerror(errno));
  else add_all();
}

bool watch_due(double now) {
  char events[4096];
  if (w.fd < 0) return false;
  while (read(w.fd, events, sizeof events) > 0) w.changed_at = now;
  uint64_t roots = look_up();
  if (roots != w.roots) {
    w.roots = roots;
    w.changed_at = now;
    add_all(); /* sees later writes there */
  }
  if (w.changed_at == 0 || now - w.changed_at < QUIET_S) return false;
  w.changed_at = 0;
  add_all();
  return true;
}
