/* SPDX-License-Identifier: MIT
 * brokerrun.c -- see brokerrun.h.  Runs straight through; a step that fails reports itself.
 * Must never leave anything of ours to the program: no descriptor but 0 to 2, no environment but what the
 * call gives, no signal blocked or ignored. */
#include "server/brokerrun.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/beneath.h"
#include "core/fds.h"
#include "server/brokerbox.h"

enum { PATH_BYTES = 4096, FILES = 1024, PROCESSES = 256, PROCESSES_MAX = 4096, FAILED = 127 };
static const rlim_t FILE_BYTES = (rlim_t)1 << 30;

static int report_to; /* the pipe to the keeper */

static _Noreturn void fail(int at, const char *text) {
  wire_answer a = {.kind = WIRE_REFUSED, .value = at, .error = errno};
  snprintf(a.text, sizeof a.text, "%s", text);
  if (write(report_to, &a, sizeof a) < 0) _exit(FAILED + 1); /* the keeper is gone */
  _exit(FAILED);
}

/* Uses the system call: the C library refuses to reset the two signals that it reserves. */
static void reset_signals(void) {
  static const char as_usual[64];
  sigset_t none;
  for (int i = 1; i < NSIG; i++) syscall(SYS_rt_sigaction, i, as_usual, NULL, _NSIG / 8);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Offers the program to the OOM killer first.  The file is writable only while we are dumpable. */
static void offer_to_oom(void) {
  prctl(PR_SET_DUMPABLE, 1);
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, "500", 3) < 0) errno = 0; /* not required to run */
  close(fd);
}

static void enter(int root, const char *directory) {
  if (root < 0) errno = ENOENT;
  int fd = root < 0 ? -1 : beneath_open(root, directory, O_PATH | O_DIRECTORY, true);
  if (fd < 0 || fchdir(fd)) fail(WIRE_AT_DIRECTORY, directory);
  close(fd);
}

/* ---- limits ---- */

/* `hard`: the distance to the hard limit, if that kills while the soft one only signals. */
static void limit(int resource, uint64_t value, uint64_t hard) {
  struct rlimit r;
  if (!value) return;
  if (getrlimit((__rlimit_resource_t)resource, &r)) fail(WIRE_AT_LIMITS, "");
  if (value < r.rlim_max) r.rlim_cur = (rlim_t)value;
  else r.rlim_cur = r.rlim_max;
  if (value + hard < r.rlim_max) r.rlim_max = (rlim_t)(value + hard);
  if (setrlimit((__rlimit_resource_t)resource, &r)) fail(WIRE_AT_LIMITS, "");
}

int run_processes(const wire_call *call) {
  uint64_t n = call->head.limit[WIRE_PROCESSES];
  return n && n < PROCESSES_MAX ? (int)n : n ? PROCESSES_MAX : PROCESSES;
}

static void set_limits(const wire_call *call, const run_place *place) {
  const uint64_t *l = call->head.limit;
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none)) fail(WIRE_AT_LIMITS, "");
  limit(RLIMIT_CPU, l[WIRE_CPU_S], 1);
  limit(RLIMIT_AS, l[WIRE_MEMORY], 0);
  limit(RLIMIT_NOFILE, l[WIRE_FILES] ? l[WIRE_FILES] : FILES, 0);
  limit(RLIMIT_FSIZE, l[WIRE_FILE_BYTES] ? l[WIRE_FILE_BYTES] : FILE_BYTES, 0);
  if (place->threads) limit(RLIMIT_NPROC, place->threads + (uint64_t)run_processes(call), 0);
}

/* ---- the program ---- */

static bool is_program(const char *path) {
  struct stat st;
  if (stat(path, &st)) return false;
  errno = EACCES;
  return S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* A name without '/' is searched in the configured directories, never in the program's own PATH. */
static const char *find(const char *name, const char *path) {
  static char found[PATH_BYTES];
  int why = ENOENT;
  if (*name == '/') {
    if (!is_program(name)) fail(WIRE_AT_PROGRAM, name);
    return name;
  }
  for (size_t n; *path && !strchr(name, '/'); path += n + (path[n] == ':')) {
    n = strcspn(path, ":");
    if (*path != '/' || snprintf(found, sizeof found, "%.*s/%s", (int)n, path, name) >= PATH_BYTES) continue;
    if (is_program(found)) return found;
    if (errno != ENOENT && errno != ENOTDIR) why = errno;
  }
  errno = why;
  fail(WIRE_AT_PROGRAM, name);
}

_Noreturn void run_program(const wire_call *call, const run_place *place, const int std[3], int failed,
                           int keeper) {
  report_to = failed;
  setsid();
  reset_signals();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != keeper) _exit(FAILED);
  offer_to_oom();
  enter(place->root, call->directory);
  const char *program = find(call->args[0], place->path);
  umask((mode_t)call->head.umask & 0777);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail(WIRE_AT_BOX, "no_new_privs");
  const char *where = "";
  if (box_files(call, program, &where)) fail(WIRE_AT_BOX, where);
  for (int i = 0; i < 3; i++)
    if (dup2(std[i], i) < 0) fail(WIRE_AT_START, "");
  int keep[] = {failed};
  fds_keep_only(keep, 1);
  set_limits(call, place);
  if (box_calls(call, &where)) fail(WIRE_AT_BOX, where);
  execve(program, call->args, call->env);
  fail(WIRE_AT_PROGRAM, program);
}
