/* SPDX-License-Identifier: MIT
 * brokerstart.c -- see brokerstart.h.
 *
 * Owns: both ends of each worker's channel, so that a replacement on either side finds pending
 * requests; and a descriptor of our executable as of our start, since it may have been upgraded.  A
 * pending request of a dead worker is void, since its line is closed. */
#include "server/brokerstart.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/shm.h"
#include "server/broker.h"
#include "server/brokerwire.h"

enum { HIGH_FD = 64 };
static const double BACKOFF_MIN_S = 0.1, BACKOFF_MAX_S = 5, STEADY_S = 10, STOP_S = 5;

static struct {
  pid_t pid; /* 0: not running */
  int program, workers;
  int asking[SHM_WORKERS_MAX], hearing[SHM_WORKERS_MAX];
  double started_at, retry_at, backoff;
  char root[PATH_MAX];
} s;

static void move_to(int fd, int to) {
  if (dup2(fd, to) < 0) _exit(1);
}

/* Keeps variables without which the loader would not find
 * libraries; the broker passes them to nobody. */
static char **environment(void) {
  static const char *const kept[] = {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS"};
  static char *out[sizeof kept / sizeof *kept + 1];
  size_t n = 0;
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
    size_t k = strlen(kept[i]);
    for (char **e = environ; *e; e++)
      if (!strncmp(*e, kept[i], k) && (*e)[k] == '=') out[n++] = *e;
  }
  return out;
}

/* First moves the channels away: one may occupy the descriptor that another must get. */
static _Noreturn void become_broker(pid_t parent) {
  char numbers[3][16], name[] = BROKER_NAME;
  int hearing[SHM_WORKERS_MAX];
  int program = fcntl(s.program, F_DUPFD_CLOEXEC, HIGH_FD);
  for (int i = 0; i < s.workers; i++) hearing[i] = fcntl(s.hearing[i], F_DUPFD_CLOEXEC, HIGH_FD);
  for (int i = 0; i < s.workers; i++) move_to(hearing[i], BROKER_CHANNEL + i);
  close_range((unsigned)(BROKER_CHANNEL + s.workers), (unsigned)program - 1, 0);
  close_range((unsigned)program + 1, ~0U, 0);
  snprintf(numbers[0], sizeof numbers[0], "%d", (int)parent);
  snprintf(numbers[1], sizeof numbers[1], "%.0f", conf_num("exec.processes"));
  snprintf(numbers[2], sizeof numbers[2], "%d", s.workers);
  char *path = (char *)(uintptr_t)conf_str("exec.path");
  char *argv[] = {name, numbers[0], s.root, path, numbers[1], numbers[2], NULL};
  fexecve(program, argv, environment());
  fprintf(stderr, "exec: the broker cannot be started: %s\n", strerror(errno));
  _exit(1);
}

static void start(void) {
  pid_t parent = getpid();
  s.started_at = shm_clock();
  fflush(NULL);
  s.pid = fork();
  if (s.pid == 0) become_broker(parent);
  if (s.pid > 0) return;
  log_fmt(LOG_ERROR, "exec: the broker cannot be started: %s", strerror(errno));
  s.pid = 0;
  s.retry_at = s.started_at + BACKOFF_MAX_S;
}

static int make_channels(void) {
  for (int i = 0; i < s.workers; i++) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) return -1;
    s.asking[i] = pair[0];
    s.hearing[i] = pair[1];
  }
  return 0;
}

int brokerstart_open(int workers) {
  if (!conf_bool("exec.enabled")) return 0;
  const char *root = conf_str("exec.root");
  if (!*root) root = conf_str("files.workspace"); /* where scripts write files for programs */
  if (*root && *root != '/') snprintf(s.root, sizeof s.root, "%s/%s", conf_str("home"), root);
  else if (*root) snprintf(s.root, sizeof s.root, "%s", root);
  else snprintf(s.root, sizeof s.root, "%s/workspace", conf_str("home"));
  s.workers = workers;
  s.backoff = BACKOFF_MIN_S;
  s.program = open("/proc/self/exe", O_PATH | O_CLOEXEC);
  if (s.program < 0 || make_channels()) {
    fprintf(stderr, "exec: %s\n", strerror(errno));
    return -1;
  }
  start();
  return 0;
}

int brokerstart_channel(int worker) {
  return worker < s.workers ? s.asking[worker] : -1;
}

bool brokerstart_reaped(pid_t pid, int status) {
  if (!s.pid || pid != s.pid) return false;
  double now = shm_clock();
  if (now - s.started_at > STEADY_S) s.backoff = BACKOFF_MIN_S;
  log_fmt(LOG_ERROR, "exec: the broker ended (%s %d), and the programs with it; it starts again in %.1f s",
          WIFSIGNALED(status) ? "signal" : "status",
          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), s.backoff);
  s.pid = 0;
  s.retry_at = now + s.backoff;
  s.backoff = s.backoff * 2 < BACKOFF_MAX_S ? s.backoff * 2 : BACKOFF_MAX_S;
  return true;
}

void brokerstart_tick(double now) {
  if (s.workers && !s.pid && now >= s.retry_at) start();
}

void brokerstart_close(void) {
  double end = shm_clock() + STOP_S;
  bool ended = !s.pid;
  if (!ended) kill(s.pid, SIGTERM);
  while (!ended && shm_clock() < end) {
    ended = waitpid(s.pid, NULL, WNOHANG) == s.pid;
    if (!ended) nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
  if (!ended) kill(s.pid, SIGKILL);
  s.pid = 0;
  s.workers = 0;
}
