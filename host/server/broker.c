/* SPDX-License-Identifier: MIT
 * broker.c -- see broker.h.  No Lua, no libuv, no threads: one poll for requests and for keepers' exits.
 *
 * It starts as a fresh image with an empty environment, so its memory has none of the
 * supervisor's secrets and keys.  It copies no data of programs: their descriptors
 * come with the request and go to the keeper (brokerkeep.c).  While the maximum
 * number of programs runs, it reads no requests, which stay in the channels. Owns:
 * the keepers, and the lifeline, whose end of file tells them that the broker has
 * died. Must never trust a request: the worker that wrote it may be compromised. */
#include "server/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/newfile.h"
#include "core/procs.h"
#include "core/shm.h"
#include "server/brokerkeep.h"
#include "server/brokerkin.h"

static const double COUNT_AGAIN_S = 1;

static struct {
  run_place place;
  const char *root; /* its path */
  pid_t keepers[BROKER_RUNNING_MAX];
  int running, max, channels;
  int signals;
  int lifeline[2];
  bool strays;   /* a keeper was killed: its processes are our children now */
  bool stopping;
  double counted_at;
} b;

/* ---- keepers ---- */

static int find_keeper(pid_t pid) {
  int i = 0;
  while (i < b.running && b.keepers[i] != pid) i++;
  return i < b.running ? i : -1;
}

static bool is_keeper(pid_t pid) {
  return find_keeper(pid) >= 0;
}

static void reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    int i = find_keeper(pid);
    if (i < 0) continue;
    b.keepers[i] = b.keepers[--b.running];
    if (WIFSIGNALED(status)) b.strays = true;
  }
  if (b.strays && !kin_kill_children(is_keeper)) b.strays = false;
}

/* ---- requests ---- */

/* The limit on processes includes all that our user has already. */
static void count_threads(void) {
  double now = shm_clock();
  if (!geteuid() || now < b.counted_at + COUNT_AGAIN_S) return;
  b.counted_at = now;
  b.place.threads = procs_threads(geteuid());
}

static bool is_gone(int line) {
  struct pollfd p = {.fd = line};
  return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

static void refuse(int line, int why) {
  wire_answer a = {.kind = WIRE_REFUSED, .value = WIRE_AT_START, .error = why};
  wire_say(line, &a);
}

static void give_root(void) {
  int fd = open(b.root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  newfile_give(fd, b.root);
  close(fd);
}

static void open_root(void) {
  if (!mkdir(b.root, 0700)) give_root(); /* not its parents: specs need no home */
  b.place.root = open(b.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (b.place.root < 0) fprintf(stderr, "exec.root: %s: %s\n", b.root, strerror(errno));
}

/* Somebody may have replaced the directory. */
static void look_at_root(void) {
  struct stat held, now;
  bool same = b.place.root >= 0 && !fstat(b.place.root, &held) && !stat(b.root, &now) &&
              held.st_dev == now.st_dev && held.st_ino == now.st_ino;
  if (same) return;
  if (b.place.root >= 0) close(b.place.root);
  open_root();
}

static void start(char *message, size_t n, const int fds[WIRE_FDS]) {
  static wire_call call;
  if (is_gone(fds[0])) return;
  if (wire_read(message, n, &call)) {
    refuse(fds[0], EBADMSG);
    return;
  }
  count_threads();
  look_at_root();
  pid_t pid = keep_start(&call, &b.place, fds, b.lifeline[0]);
  if (pid < 0) refuse(fds[0], errno);
  else b.keepers[b.running++] = pid;
}

static void hear(int channel) {
  static char message[WIRE_BYTES];
  int fds[WIRE_FDS];
  long n = wire_receive(channel, message, sizeof message, fds);
  if (n <= 0) return;
  start(message, (size_t)n, fds);
  for (int i = 0; i < WIRE_FDS; i++) close(fds[i]);
}

/* ---- the loop ---- */

static void hear_signals(void) {
  struct signalfd_siginfo info;
  while (read(b.signals, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) b.stopping = true;
  reap();
}

static void turn(void) {
  struct pollfd p[1 + SHM_WORKERS_MAX] = {{.fd = b.signals, .events = POLLIN}};
  nfds_t n = 1;
  for (int i = 0; i < b.channels && b.running < b.max && !b.stopping; i++)
    p[n++] = (struct pollfd){.fd = BROKER_CHANNEL + i, .events = POLLIN};
  if (poll(p, n, b.strays ? 10 : -1) < 0) return;
  if (p[0].revents || b.strays) hear_signals();
  for (nfds_t i = 1; i < n && b.running < b.max; i++)
    if (p[i].revents) hear(p[i].fd);
}

static int take_signals(void) {
  sigset_t set;
  for (int i = 1; i < NSIG; i++) signal(i, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_SETMASK, &set, NULL);
  b.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return b.signals < 0 ? -1 : 0;
}

static int number(const char *text, int max) {
  long n = strtol(text, NULL, 10);
  return n < 1 ? 1 : n > max ? max : (int)n;
}

static int begin(char **words) {
  pid_t parent = (pid_t)strtol(words[1], NULL, 10);
  prctl(PR_SET_NAME, BROKER_NAME);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent) return -1;
  setsid();
  prctl(PR_SET_DUMPABLE, 0); /* programs run as our user and must not read our memory */
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  b.root = words[2];
  open_root();
  b.place.path = words[3];
  b.max = number(words[4], BROKER_RUNNING_MAX);
  b.channels = number(words[5], SHM_WORKERS_MAX);
  return take_signals() || pipe2(b.lifeline, O_CLOEXEC) ? -1 : 0;
}

bool broker_is_meant(int argc, char **argv) {
  return argc == BROKER_WORDS && !strcmp(argv[0], BROKER_NAME);
}

int broker_main(char **argv) {
  if (begin(argv)) return 1;
  while (!b.stopping) turn();
  close(b.lifeline[1]);
  while (b.running || b.strays) turn();
  return 0;
}
