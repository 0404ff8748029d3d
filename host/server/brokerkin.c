/* SPDX-License-Identifier: MIT
 * brokerkin.c -- see brokerkin.h.  Pids are those of the mounted /proc, which is the machine's:
 * in a PID namespace use them for counting, not for kill(). */
#include "server/brokerkin.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/procs.h"

enum { PIECE = 4096, PATH = 64 };

/* Calls found(pid, to) for each pid in a list of children;
 * returns their number.  -1: no such list. */
static int each_in(const char *path, void (*found)(pid_t pid, void *to), void *to) {
  char text[PIECE];
  pid_t pid = 0;
  int n = 0;
  ssize_t got;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  while ((got = read(fd, text, sizeof text)) > 0)
    for (ssize_t i = 0; i < got; i++) {
      bool digit = isdigit((unsigned char)text[i]);
      if (!digit && pid) found(pid, to), n++;
      pid = digit ? pid * 10 + (text[i] - '0') : 0;
    }
  close(fd);
  return n;
}

/* ---- killing ---- */

typedef struct {
  bool (*spare)(pid_t);
  int n;
} doomed;

/* Nobody else can have the pid: a child keeps it until we wait for it. */
static void kill_one(pid_t pid, void *to) {
  doomed *d = to;
  if (d->spare && d->spare(pid)) return;
  kill(pid, SIGKILL);
  d->n++;
}

/* If the kernel does not list children: kills the processes whose parent we are. */
static void kill_own(pid_t pid, void *to) {
  if (procs_parent(pid) == getpid()) kill_one(pid, to);
}

int kin_kill_children(bool (*spare)(pid_t)) {
  doomed d = {.spare = spare};
  if (each_in("/proc/thread-self/children", kill_one, &d) < 0) procs_each(kill_own, &d);
  return d.n;
}

/* ---- counting ---- */

typedef struct {
  pid_t pids[KIN_MAX];
  int n, limit;
} family;

static void note(pid_t pid, void *to) {
  family *f = to;
  if (f->n < f->limit) f->pids[f->n] = pid;
  if (f->n <= f->limit) f->n++;
}

/* The kernel lists children by the thread that forked them. */
static void note_children(pid_t pid, family *f) {
  char path[PATH], list[PATH + 270];
  const struct dirent *e;
  snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
  DIR *d = opendir(path);
  while (d && (e = readdir(d))) {
    if (!isdigit((unsigned char)e->d_name[0])) continue;
    snprintf(list, sizeof list, "%s/%s/children", path, e->d_name);
    each_in(list, note, f);
  }
  if (d) closedir(d);
}

int kin_count(int limit) {
  static family f;
  f.n = 0;
  f.limit = limit < KIN_MAX ? limit : KIN_MAX;
  each_in("/proc/thread-self/children", note, &f);
  for (int i = 0; i < f.n && f.n <= f.limit; i++) note_children(f.pids[i], &f);
  return f.n;
}
