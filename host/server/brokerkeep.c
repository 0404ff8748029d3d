/* SPDX-License-Identifier: MIT
 * brokerkeep.c -- see brokerkeep.h.
 *
 * A keeper is the subreaper of its program: orphaned descendants become the keeper's children, even
 * after double forks and in new sessions, so waitpid() sees all of them.  Killing goes top down: it
 * kills its children and inherits theirs, until none are left.  A program of root, to which
 * RLIMIT_NPROC does not apply, also gets a PID namespace, in which one kill() reaches all processes
 * at once; the keeper counts them regularly, and kills them when there are too many. Must never
 * end, nor report the end, before all of its descendants have ended. */
#include "server/brokerkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fds.h"
#include "core/shm.h"
#include "server/brokerkin.h"

enum { AGAIN_MS = 5, COUNT_MS = 100 };

static struct {
  int line, lifeline, signals;
  pid_t program;
  bool alone;       /* in a PID namespace, whose first process we are */
  int status;       /* of the program, once it has ended */
  bool ended, lost; /* lost: the broker has died */
  double kill_at;   /* when to send SIGKILL; 0: no end was requested */
  int family_max;   /* the limit of descendants; 0: the kernel enforces it */
} k;

/* ---- everything below this process ---- */

static void kill_all(void) {
  if (k.alone) kill(-1, SIGKILL);
  else kin_kill_children(NULL);
}

/* True: no descendants are left. */
static bool reap_all(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid != k.program) continue;
    k.ended = true;
    k.status = status;
  }
  return pid < 0 && errno == ECHILD;
}

/* The program's pid is also its group's; it is not reused until we have waited for the program. */
static void end_all(void) {
  struct pollfd p = {.fd = k.signals, .events = POLLIN};
  kill(-k.program, SIGKILL);
  kill(k.program, SIGKILL);
  while (!reap_all()) {
    struct signalfd_siginfo info;
    kill_all();
    poll(&p, 1, AGAIN_MS);
    while (read(k.signals, &info, sizeof info) > 0) continue;
  }
}

/* ---- while it runs ---- */

static void say(int kind, int value) {
  wire_answer a = {.kind = kind, .value = value};
  wire_say(k.line, &a);
}

static void end_kindly(double grace_s) {
  if (k.kill_at > 0) return;
  kill(-k.program, SIGTERM);
  kill(k.program, SIGCONT); /* a stopped process would not react */
  k.kill_at = shm_clock() + grace_s;
}

/* False: kill it. */
static bool hear_worker(double grace_s) {
  char what;
  ssize_t n = recv(k.line, &what, 1, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n == 1 && what == WIRE_KILL) return false;
  end_kindly(grace_s);
  return true;
}

/* True: the program has ended.  It stays a zombie until
 * end_all(), so that its pid is not reused. */
static bool look_at_children(void) {
  struct signalfd_siginfo info;
  while (read(k.signals, &info, sizeof info) > 0) continue;
  for (;;) {
    siginfo_t ended = {0};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) || !ended.si_pid) return false;
    if (ended.si_pid == k.program) return true;
    waitpid(ended.si_pid, NULL, WNOHANG);
  }
}

static bool is_crowd(void) {
  return k.family_max && kin_count(k.family_max) > k.family_max;
}

/* The timeout for poll().  Stops watching the line once the
 * worker has closed it: it would stay ready. */
static int patience(struct pollfd *line) {
  int wait_ms = k.family_max ? COUNT_MS : -1;
  if (!(k.kill_at > 0)) return wait_ms;
  double left = (k.kill_at - shm_clock()) * 1000;
  if (line->revents & POLLHUP) line->fd = -1;
  if (wait_ms >= 0 && left > wait_ms) return wait_ms;
  return left > 0 ? (int)left + 1 : 0;
}

static void attend(double grace_s) {
  struct pollfd p[] = {{.fd = k.line, .events = POLLIN}, {.fd = k.lifeline, .events = POLLIN},
                       {.fd = k.signals, .events = POLLIN}};
  for (;;) {
    int wait_ms = patience(&p[0]);
    if (wait_ms == 0 || is_crowd()) return;
    if (poll(p, 3, wait_ms) < 0) continue;
    if (p[2].revents && look_at_children()) return;
    if (p[1].revents) {
      k.lost = true;
      return;
    }
    if (p[0].revents && !hear_worker(grace_s)) return;
  }
}

/* ---- the start ---- */

static void take_signals(void) {
  sigset_t set;
  for (int i = 1; i < NSIG; i++) signal(i, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_SETMASK, &set, NULL);
  k.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Reads the child's error; end of file means that it has become the program. */
static void hear_start(int pipe_end, wire_answer *a) {
  ssize_t n;
  memset(a, 0, sizeof *a);
  while ((n = read(pipe_end, a, sizeof *a)) < 0 && errno == EINTR) continue;
  if (n != (ssize_t)sizeof *a) *a = (wire_answer){.kind = WIRE_STARTED, .value = k.program};
  close(pipe_end);
}

static int start_program(const wire_call *call, const run_place *place, const int *std, int *failed) {
  int pipes[2];
  if (k.signals < 0 || pipe2(pipes, O_CLOEXEC)) return -1;
  pid_t self = getpid();
  k.program = fork();
  if (k.program == 0) run_program(call, place, std, pipes[1], self);
  close(pipes[1]);
  *failed = pipes[0];
  return k.program < 0 ? -1 : 0;
}

static _Noreturn void keep(const wire_call *call, const run_place *place, const int fds[WIRE_FDS],
                           int lifeline) {
  int failed, mine[] = {fds[0], fds[1], fds[2], fds[3], lifeline, place->root};
  wire_answer answer = {.kind = WIRE_REFUSED, .value = WIRE_AT_START};
  fds_keep_only(mine, sizeof mine / sizeof *mine);
  k.line = fds[0];
  k.lifeline = lifeline;
  k.alone = getpid() == 1;
  if (!place->threads) k.family_max = run_processes(call);
  setsid();
  prctl(PR_SET_NAME, "human-exec");
  prctl(PR_SET_DUMPABLE, 0); /* the program must not read our memory */
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  take_signals();
  if (start_program(call, place, fds + 1, &failed)) {
    answer.error = errno;
    wire_say(k.line, &answer);
    _exit(1);
  }
  for (int i = 1; i < WIRE_FDS; i++) close(fds[i]);
  hear_start(failed, &answer);
  if (answer.kind == WIRE_STARTED) {
    wire_say(k.line, &answer);
    attend(call->head.grace_ms / 1000.0);
  }
  end_all();
  if (answer.kind != WIRE_STARTED) wire_say(k.line, &answer);
  else say(k.lost ? WIRE_LOST : WIRE_ENDED, k.status);
  _exit(0);
}

/* Like fork(), in a new PID namespace if that is allowed. */
static pid_t fork_alone(void) {
  struct clone_args how = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};
  pid_t pid = geteuid() ? -1 : (pid_t)syscall(SYS_clone3, &how, sizeof how);
  return pid < 0 ? fork() : pid;
}

pid_t keep_start(const wire_call *call, const run_place *place, const int fds[WIRE_FDS], int lifeline) {
  pid_t pid = fork_alone();
  if (pid == 0) keep(call, place, fds, lifeline);
  return pid;
}
