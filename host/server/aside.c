/* SPDX-License-Identifier: MIT
 * aside.c -- see aside.h.
 *
 * Owns: at most ASIDE_MAX processes, each with its deadline; in a worker, the memfd of each request until
 * its answer is read.  Must never wait for a process. */
#include "server/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/op.h"
#include "core/shm.h"
#include "server/bundle.h"
#include "server/supervisor.h"
#include "server/worker.h"

enum { ASIDE_MAX = 2, ASIDE_NICE = 5, ASIDE_S = 60, RESULT_MAX = 8 << 20, DRAFT_MS = 3000 };

void (*aside_native)(struct lua_State *L);

static struct {
  pid_t pid; /* 0: free */
  int worker;
  int32_t id; /* of the worker's op */
  double until;
} running[ASIDE_MAX];

/* ---- in the process ---- */

/* Its scripts are those on disk, not those in service: that is what a reload would put in force. */
static _Noreturn void become_aside(int fd) {
  static char why[1024];
  worker_spec spec = {.index = -1, .count = 1, .bus_in = -1, .control_fd = -1, .broker_fd = -1,
                      .database = true, .command = "aside", .refused = why, .more_native = aside_native};
  struct rlimit cpu = {.rlim_cur = ASIDE_S, .rlim_max = ASIDE_S};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0) _exit(1);
  close_range(3, ~0U, 0);
  setrlimit(RLIMIT_CPU, &cpu);
  setpriority(PRIO_PROCESS, 0, ASIDE_NICE); /* workers have priority */
  setrlimit(RLIMIT_CORE, &(struct rlimit){0});
  if (conf_set("database.pool", "1")) _exit(1);
  if (conf_num("reload.timeout_ms") > DRAFT_MS && conf_set("reload.timeout_ms", "3000")) _exit(1);
  spec.generation = bundle_load(why, sizeof why);
  exit(worker_run(&spec));
}

/* ---- in the supervisor ---- */

static void answer(int worker, int32_t id, bool ok, const char *text) {
  static link_message m;
  m = (link_message){.kind = LINK_ASIDED, .generation = id, .ok = ok};
  snprintf(m.text, sizeof m.text, "%s", text);
  int fd = supervisor_link(worker);
  if (fd >= 0 && link_send(fd, &m, -1)) log_fmt(LOG_ERROR, "worker %d cannot be told of its draft", worker);
}

void aside_refuse(int worker, const link_message *asked, int fd) {
  if (fd >= 0) close(fd);
  answer(worker, asked->generation, false, "busy");
}

void aside_start(int worker, const link_message *asked, int fd) {
  int i = 0;
  while (i < ASIDE_MAX && running[i].pid) i++;
  if (i == ASIDE_MAX || fd < 0) return aside_refuse(worker, asked, fd);
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) become_aside(fd);
  close(fd);
  if (pid < 0) return answer(worker, asked->generation, false, strerror(errno));
  running[i].pid = pid;
  running[i].worker = worker;
  running[i].id = asked->generation;
  running[i].until = shm_clock() + ASIDE_S;
}

bool aside_reaped(pid_t pid, int status) {
  for (int i = 0; i < ASIDE_MAX; i++) {
    if (!running[i].pid || running[i].pid != pid) continue;
    bool ok = WIFEXITED(status) && !WEXITSTATUS(status);
    running[i].pid = 0;
    answer(running[i].worker, running[i].id, ok, ok ? "" : WIFSIGNALED(status) ? "ended" : "failed");
    return true;
  }
  return false;
}

void aside_turn(double now) {
  for (int i = 0; i < ASIDE_MAX; i++)
    if (running[i].pid && now >= running[i].until) kill(running[i].pid, SIGKILL);
}

void aside_stop(void) {
  for (int i = 0; i < ASIDE_MAX; i++)
    if (running[i].pid) kill(running[i].pid, SIGKILL);
}

/* ---- in a worker ---- */

typedef struct {
  op op;
  int fd;
  size_t asked; /* bytes of the request, behind which the answer begins */
} request;

static void forget(request *r) {
  close(r->fd);
  free(r);
}

/* The process goes on until it ends or its time is up. */
static void on_cancel(op *o) {
  op_done(o, HOST_ECANCELED, NULL, 0);
  forget((request *)(void *)o);
}

/* The process reads it from the start: the offset that both share stays where it is. */
static int memory(const host_str *text) {
  int fd = memfd_create("human-aside", MFD_CLOEXEC);
  if (fd >= 0 && pwrite(fd, text->p, text->n, 0) == (ssize_t)text->n) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

host_id aside_ask(int control, host_id owner, const host_str *text) {
  static link_message m;
  request *r = calloc(1, sizeof *r);
  host_id id = r ? op_open(&r->op, OP_ASIDE, owner, on_cancel) : HOST_EFULL;
  if (id < 0) return free(r), id;
  r->fd = memory(text);
  r->asked = text->n;
  m = (link_message){.kind = LINK_ASIDE, .generation = id};
  if (r->fd >= 0 && !link_send(control, &m, r->fd)) return id;
  op_close(&r->op);
  if (r->fd >= 0) close(r->fd);
  free(r);
  return HOST_EFULL;
}

/* What was appended to the request, as a malloc'ed text; NULL if there is none, or too much. */
static char *appended(const request *r, size_t *n) {
  struct stat st;
  *n = 0;
  if (fstat(r->fd, &st) || st.st_size <= (off_t)r->asked) return NULL;
  size_t size = (size_t)st.st_size - r->asked;
  char *text = size <= RESULT_MAX ? malloc(size) : NULL;
  if (text && pread(r->fd, text, size, (off_t)r->asked) == (ssize_t)size) return *n = size, text;
  free(text);
  return NULL;
}

void aside_heard(host_id id, int ok, const char *text) {
  request *r = (request *)(void *)op_find(id, OP_ASIDE);
  size_t n = 0;
  if (!r) return;
  char *said = ok ? appended(r, &n) : NULL;
  if (said) op_done_own(&r->op, 1, said, n);
  else op_done(&r->op, 0, ok ? "failed" : text, ok ? strlen("failed") : strlen(text));
  forget(r);
}
