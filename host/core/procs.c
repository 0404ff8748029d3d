/* SPDX-License-Identifier: MIT
 * procs.c -- see procs.h.  Owns nothing.  Its results may be stale a moment later: use them for messages
 * and for waiting, never instead of a lock. */
#include "core/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { SIGKILL_BIT = 1 << 8, EXITING_FLAG = 4 }; /* PF_EXITING */

/* The value behind "Name:\t" in /proc/PID/status. */
static bool status_field(pid_t pid, const char *name, char *out, size_t n) {
  char path[64], line[256];
  size_t k = strlen(name);
  bool found = false;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *f = fopen(path, "re");
  while (f && !found && fgets(line, sizeof line, f)) {
    if (strncmp(line, name, k) != 0 || line[k] != ':') continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(out, n, "%s", line + k + 1 + strspn(line + k + 1, " \t"));
    found = true;
  }
  if (f) fclose(f);
  return found;
}

static bool is_killed(pid_t pid, const char *signals) {
  char text[64];
  return status_field(pid, signals, text, sizeof text) && (strtoull(text, NULL, 16) & SIGKILL_BIT);
}

/* While a process closes its descriptors no signal is
 * pending and its state looks alive; only the flag tells. */
static bool is_exiting(pid_t pid) {
  char path[64], line[512] = "";
  unsigned flags = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *f = fopen(path, "re");
  if (!f) return true;
  const char *rest = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
  fclose(f);
  // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it
  return !rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %u", &flags) != 1 || (flags & EXITING_FLAG);
}

bool procs_runs(pid_t pid) {
  char state[32];
  if (pid <= 0 || !status_field(pid, "State", state, sizeof state)) return false;
  return !strchr("ZX", state[0]) && !is_killed(pid, "SigPnd") && !is_killed(pid, "ShdPnd") &&
         !is_exiting(pid);
}

bool procs_is_host(pid_t pid) {
  char own[64], name[64];
  return procs_runs(pid) && status_field(getpid(), "Name", own, sizeof own) &&
         status_field(pid, "Name", name, sizeof name) && !strcmp(own, name);
}

pid_t procs_parent(pid_t pid) {
  char text[32];
  return status_field(pid, "PPid", text, sizeof text) ? (pid_t)strtol(text, NULL, 10) : 0;
}

/* RLIMIT_NPROC counts threads. */
static unsigned long threads_of(pid_t pid, uid_t uid) {
  char text[64];
  if (!status_field(pid, "Uid", text, sizeof text) || strtoul(text, NULL, 10) != uid) return 0;
  return status_field(pid, "Threads", text, sizeof text) ? strtoul(text, NULL, 10) : 0;
}

void procs_each(void (*found)(pid_t pid, void *to), void *to) {
  const struct dirent *e;
  DIR *d = opendir("/proc");
  while (d && (e = readdir(d)))
    if (isdigit((unsigned char)e->d_name[0])) found((pid_t)strtol(e->d_name, NULL, 10), to);
  if (d) closedir(d);
}

typedef struct { uid_t uid; unsigned long n; } thread_count;

static void add_threads(pid_t pid, void *to) {
  thread_count *c = to;
  c->n += threads_of(pid, c->uid);
}

unsigned long procs_threads(uid_t uid) {
  thread_count c = {.uid = uid};
  procs_each(add_threads, &c);
  return c.n;
}

/* proc(5): /proc/PID/schedstat has nanoseconds on a processor, and in the queue for one. */
double procs_starved(pid_t pid) {
  char path[48], line[128], *waited;
  snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
  FILE *f = fopen(path, "re");
  if (!f) return 0;
  waited = fgets(line, sizeof line, f) ? strchr(line, ' ') : NULL;
  fclose(f);
  return waited ? strtod(waited, NULL) / 1e9 : 0;
}

void procs_name(pid_t pid, char *out, size_t n) {
  char name[64];
  if (!status_field(pid, "Name", name, sizeof name)) snprintf(name, sizeof name, "a program");
  snprintf(out, n, "%s (process %d)", name, (int)pid);
}

static bool has(pid_t pid, const char *wanted) {
  char path[300], link[600], target[512];
  const struct dirent *e;
  bool found = false;
  snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  DIR *d = opendir(path);
  while (d && !found && (e = readdir(d))) {
    snprintf(link, sizeof link, "%s/%s", path, e->d_name);
    ssize_t k = readlink(link, target, sizeof target - 1);
    if (k <= 0) continue;
    target[k] = 0;
    found = !strcmp(target, wanted);
  }
  if (d) closedir(d);
  return found;
}

typedef struct { const char *target; pid_t *pids; int n, max; } holders;

static void add_holder(pid_t pid, void *to) {
  holders *h = to;
  if (!has(pid, h->target)) return;
  if (h->n < h->max) h->pids[h->n] = pid;
  h->n++;
}

int procs_with(const char *target, pid_t *pids, int max) {
  holders h = {.target = target, .pids = pids, .max = max};
  procs_each(add_holder, &h);
  return h.n;
}

/* "1: FLOCK  ADVISORY  WRITE 812 08:01:1234 0 EOF"; device numbers in base 16. */
static pid_t locker_in(const char *line, const struct stat *st) {
  int pid;
  unsigned high, low;
  unsigned long inode;
  // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it
  if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &high, &low, &inode) != 4) return 0;
  bool same = inode == st->st_ino && high == major(st->st_dev) && low == minor(st->st_dev);
  return same ? (pid_t)pid : 0;
}

pid_t procs_locker(int fd) {
  char line[256];
  struct stat st;
  pid_t pid = 0;
  FILE *f = fstat(fd, &st) ? NULL : fopen("/proc/locks", "re");
  while (f && !pid && fgets(line, sizeof line, f)) pid = locker_in(line, &st);
  if (f) fclose(f);
  return pid;
}

bool procs_stopping(void) {
  sigset_t set;
  return !sigpending(&set) && (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT));
}

bool procs_wait(void) {
  nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  return !procs_stopping();
}
