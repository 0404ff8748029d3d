/* SPDX-License-Identifier: MIT
 * reload.c -- see reload.h.
 *
 * Owns: the candidate bundle, the checker process and its pipe, the votes, the
 * clients that wait for the verdict.  One reload at a time; requests that arrive
 * meanwhile cause one more afterwards, since the files may have changed.  Must never
 * touch the generation in service before every worker has voted for the new one. */
#include "server/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/shm.h"
#include "net/tls.h"
#include "server/bundle.h"
#include "server/change.h"
#include "server/control.h"
#include "server/supervisor.h"
#include "server/watchdog.h"
#include "server/worker.h"

enum { PATH_TEXT = 512, CHECKER_NICE = 5 };
static const double SOFT_S = 1, COMMIT_S = 5, SPEAK_S = 9; /* SPEAK_S: it times out first */

typedef enum { RELOAD_IDLE, RELOAD_CHECKING, RELOAD_VOTING, RELOAD_COMMITTING } reload_phase;

static struct {
  reload_phase phase;
  int current, candidate, workers;
  int unasked;                  /* the first worker not yet asked to vote */
  double began_at, deadline;
  pid_t checker;
  int pipe;                     /* the checker's output; -1: closed */
  bool interrupted;             /* the checker was sent a signal to stop */
  char loading[PATH_TEXT];      /* the file it was loading */
  char text[RELOAD_TEXT];       /* its verdict */
  size_t n;
  char code[16];                /* why a change of settings failed, if it is not itself invalid */
  char restart[512];            /* names of settings that a restart would change */
  char held[RELOAD_TEXT];       /* an unfinished line of its output */
  size_t n_held;
  bool awaited[SHM_WORKERS_MAX];     /* whose vote, later whose LINK_SERVING, is missing */
  double asked_at[SHM_WORKERS_MAX];
  reload_vote vote[SHM_WORKERS_MAX];
  bool asking[CONTROL_CLIENTS_MAX], asking_next[CONTROL_CLIENTS_MAX], again;
  reload_verdict last;
} r = {.pipe = -1};

void reload_init(int generation, int workers) {
  r.current = generation;
  r.workers = workers;
}

int reload_generation(void) {
  return r.current;
}

bool reload_deciding(void) {
  return r.phase == RELOAD_VOTING;
}

const reload_verdict *reload_last(void) {
  return &r.last;
}

int reload_fd(void) {
  return r.pipe;
}

static double limit_s(void) {
  return conf_num("reload.timeout_ms") / 1000;
}

static double patience_s(void) {
  return limit_s() * LOAD_PATIENCE;
}

/* ---- the verdict ---- */

static void begin(void);

static void close_pipe(void) {
  if (r.pipe >= 0) close(r.pipe);
  r.pipe = -1;
}

static void end_checker(void) {
  close_pipe();
  if (r.checker > 0) kill(r.checker, SIGKILL); /* reaped later, like any unknown child */
  r.checker = 0;
}

static void tell(bool ok) {
  for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
    if (r.asking[i]) control_reply(i, ok ? 0 : 1, r.last.text);
  memset(r.asking, 0, sizeof r.asking);
}

static void go_on(void) {
  r.phase = RELOAD_IDLE;
  if (!r.again) return;
  r.again = false;
  memcpy(r.asking, r.asking_next, sizeof r.asking);
  memset(r.asking_next, 0, sizeof r.asking_next);
  begin();
}

/* "saved" or "invalid", and the output of checker and workers. */
static void end_change(bool ok) {
  static char text[RELOAD_TEXT + 1024];
  if (!change_pending()) return;
  snprintf(text, sizeof text, "%s%s\n%s", ok ? "saved " : "", ok ? r.restart : *r.code ? r.code : "invalid",
           r.last.text);
  change_end(ok, text);
}

static void decide(bool ok, const char *text) {
  end_checker();
  r.last.at = (double)time(NULL);
  r.last.ok = ok;
  memcpy(r.last.vote, r.vote, sizeof r.vote);
  shm_count(ok ? "human_reloads_total{result=\"accepted\"}" : "human_reloads_total{result=\"refused\"}", 1);
  shm_gauge("human_last_reload_successful", ok);
  snprintf(r.last.text, sizeof r.last.text, "%s", text);
  log_fmt(ok ? LOG_INFO : LOG_ERROR, "reload: %s", text);
  end_change(ok);
  tell(ok);
  go_on();
}

/* From here on a failure says nothing about the requested settings. */
static void not_their_fault(void) {
  snprintf(r.code, sizeof r.code, "failed");
}

__attribute__((format(printf, 1, 2))) static void refuse(const char *fmt, ...) {
  static char why[RELOAD_TEXT - 128], all[RELOAD_TEXT];
  va_list args;
  va_start(args, fmt);
  vsnprintf(why, sizeof why, fmt, args);
  va_end(args);
  if (r.candidate > 0) bundle_drop(r.candidate);
  tls_abort();
  r.candidate = 0;
  snprintf(all, sizeof all, "refused: %s\nscripts %s stay in force", why, bundle_hash(r.current));
  decide(false, all);
}

/* ---- vote and commit ---- */

static int awaited_count(void) {
  int n = 0;
  for (int i = 0; i < r.workers; i++) n += r.awaited[i];
  return n;
}

static void send_all(link_kind kind) {
  link_message m = {.kind = (int32_t)kind, .generation = r.candidate};
  for (int i = 0; i < r.workers; i++) {
    int fd = supervisor_link(i);
    if (fd >= 0 && link_send(fd, &m, -1) && kind == LINK_COMMIT)
      log_fmt(LOG_ERROR, "reload: worker %d cannot be told: %s", i, strerror(errno));
  }
}

__attribute__((format(printf, 1, 2))) static void abandon(const char *fmt, ...) {
  static char why[RELOAD_TEXT - 256];
  va_list args;
  va_start(args, fmt);
  vsnprintf(why, sizeof why, fmt, args);
  va_end(args);
  send_all(LINK_ABORT);
  refuse("%s", why);
}

static void finish(const char *note) {
  static char text[RELOAD_TEXT];
  snprintf(text, sizeof text, "%.*s\nin force on %d worker%s after %.0f ms%s%s%s", (int)r.n, r.text,
           r.workers, r.workers == 1 ? "" : "s", (shm_clock() - r.began_at) * 1000, note,
           *r.restart ? "\na restart is needed for " : "", r.restart);
  decide(true, text);
}

/* Writes the file first: settings that workers act on must survive a crash. */
static bool change_failed(void) {
  char why[1024];
  if (!change_pending() || !change_write(why, sizeof why)) return false;
  char *nl = strchr(why, '\n');
  if (nl) *nl = 0;
  snprintf(r.code, sizeof r.code, "%.15s", why);
  abandon("%s", nl ? nl + 1 : "");
  return true;
}

static void commit(void) {
  if (change_failed()) return;
  watchdog_pardon();
  send_all(LINK_COMMIT);
  tls_commit(); /* for workers started later */
  bundle_drop(r.current);
  r.current = r.candidate;
  log_generation(bundle_hash(r.current));
  r.candidate = 0;
  r.phase = RELOAD_COMMITTING;
  r.deadline = shm_clock() + COMMIT_S;
  for (int i = 0; i < r.workers; i++) r.awaited[i] = supervisor_link(i) >= 0;
  if (awaited_count() == 0) finish("");
}

/* How many workers load at a time.  Loading blocks a
 * worker, and may end it; the others keep serving. */
static int at_once(void) {
  return r.workers > 1 ? r.workers / 2 : 1;
}

static void ask(int worker) {
  link_message m = {.kind = LINK_PREPARE, .generation = r.candidate};
  int fd = supervisor_link(worker);
  if (fd < 0) return; /* its successor will start with what is decided */
  r.awaited[worker] = true;
  r.asked_at[worker] = shm_clock();
  r.deadline = shm_clock() + patience_s();
  if (link_send(fd, &m, bundle_fd(r.candidate)))
    abandon("worker %d cannot be asked: %s", worker, strerror(errno));
}

static void ask_more(void) {
  while (r.phase == RELOAD_VOTING && r.unasked < r.workers && awaited_count() < at_once())
    ask(r.unasked++);
  if (r.phase == RELOAD_VOTING && awaited_count() == 0) commit();
}

static void ask_workers(void) {
  r.phase = RELOAD_VOTING;
  r.unasked = 0;
  memset(r.awaited, 0, sizeof r.awaited);
  ask_more();
}

static void note_vote(int worker, int said) {
  r.vote[worker].said = said;
  r.vote[worker].ms = (shm_clock() - r.asked_at[worker]) * 1000;
}

void reload_heard(int worker, const link_message *m) {
  if (m->kind == LINK_SERVING && r.phase == RELOAD_COMMITTING && m->generation == r.current) {
    r.awaited[worker] = false;
    if (awaited_count() == 0) finish("");
  }
  if (m->kind != LINK_VOTE || r.phase != RELOAD_VOTING || m->generation != r.candidate) return;
  note_vote(worker, m->ok ? VOTE_YES : VOTE_NO);
  if (!m->ok) return abandon("%s", m->text);
  r.awaited[worker] = false;
  ask_more();
}

/* A worker that ends while it loads may have ended because of what it loads.  One that has voted is
 * replaced by a process that starts with whatever is decided. */
void reload_lost(int worker) {
  bool awaited = r.awaited[worker];
  r.awaited[worker] = false;
  if (!awaited) return;
  not_their_fault();
  if (r.phase == RELOAD_VOTING) note_vote(worker, VOTE_ENDED);
  if (r.phase == RELOAD_VOTING) abandon("worker %d ended while it loaded the scripts", worker);
  else if (r.phase == RELOAD_COMMITTING && awaited_count() == 0) finish("");
}

static void too_slow(void) {
  int i = 0;
  while (i < r.workers - 1 && !r.awaited[i]) i++;
  not_their_fault();
  if (r.phase == RELOAD_VOTING)
    abandon("worker %d did not answer within %.0f s", i, patience_s());
  else
    finish("; a worker that is busy has not confirmed it yet");
}

/* ---- the checker ---- */

static _Noreturn void become_checker(int out) {
  char generation[16], current[16];
  snprintf(generation, sizeof generation, "%d", r.candidate);
  snprintf(current, sizeof current, "%d", r.current);
  char *argv[] = {generation, current};
  worker_spec spec = {.index = -1, .count = 1, .bus_in = -1, .control_fd = -1, .broker_fd = -1, .argc = 2,
                      .argv = argv, .command = "checker", .generation = r.candidate};
  struct rlimit cpu = {.rlim_cur = (rlim_t)limit_s() + 6, .rlim_max = (rlim_t)limit_s() + 6};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (dup2(out, STDOUT_FILENO) < 0) _exit(1);
  close_range(3, ~0U, 0);
  setrlimit(RLIMIT_CPU, &cpu);
  setpriority(PRIO_PROCESS, 0, CHECKER_NICE); /* workers have priority */
  setrlimit(RLIMIT_CORE, &(struct rlimit){0});
  exit(worker_run(&spec));
}

static int start_checker(void) {
  int fd[2];
  if (pipe2(fd, O_CLOEXEC | O_NONBLOCK)) return -1;
  fflush(NULL);
  r.checker = fork();
  if (r.checker == 0) {
    fcntl(fd[1], F_SETFL, 0);
    become_checker(fd[1]);
  }
  close(fd[1]);
  r.pipe = fd[0];
  return r.checker < 0 ? -1 : 0;
}

/* The scripts' settings come into force with them; the host's own are only checked. */
static int read_settings(char *why, size_t n) {
  buf restart = {.max = sizeof r.restart - 1};
  int failed = conf_again(NULL, &restart, why, n);
  snprintf(r.restart, sizeof r.restart, "%.*s", (int)restart.n, restart.n ? restart.p : "");
  buf_free(&restart);
  return failed;
}

static void reset(void) {
  r.began_at = shm_clock();
  r.deadline = r.began_at + patience_s() + SPEAK_S;
  r.n = r.n_held = 0;
  r.interrupted = false;
  memset(r.vote, 0, sizeof r.vote);
  r.loading[0] = r.text[0] = r.code[0] = r.restart[0] = 0;
}

static void check(int candidate, char *why, size_t n) {
  r.candidate = candidate;
  if (r.candidate < 0 || tls_prepare(why, n)) return refuse("%s", why);
  r.phase = RELOAD_CHECKING;
  if (start_checker()) refuse("the checker cannot be started: %s", strerror(errno));
}

void reload_change(int worker, const link_message *asked, int fd) {
  static char why[LINK_TEXT];
  buf restart = {.max = sizeof r.restart - 1};
  if (r.phase != RELOAD_IDLE) return change_refuse(worker, asked, fd, "busy");
  reset();
  if (!change_begin(worker, asked, fd, &restart)) {
    snprintf(r.restart, sizeof r.restart, "%.*s", (int)restart.n, restart.n ? restart.p : "");
    check(bundle_again(r.current, why, sizeof why), why, sizeof why);
  }
  buf_free(&restart);
}

static void begin(void) {
  static char why[LINK_TEXT];
  reset();
  check(read_settings(why, sizeof why) ? -1 : bundle_load(why, sizeof why), why, sizeof why);
}

/* A line that begins with a tab names the file being loaded; all others are the verdict. */
static void take_line(const char *line) {
  if (*line == '\t') snprintf(r.loading, sizeof r.loading, "%s", line + 1);
  else if (r.n < sizeof r.text)
    r.n += (size_t)snprintf(r.text + r.n, sizeof r.text - r.n, "%s%s", r.n ? "\n" : "", line);
  if (r.n >= sizeof r.text) r.n = sizeof r.text - 1;
}

static size_t room_held(void) {
  return r.n_held < sizeof r.held - 1 ? sizeof r.held - 1 - r.n_held : 0;
}

/* Drops lines that are too long: scripts may print anything while they load. */
static void read_checker(void) {
  ssize_t got;
  while ((got = read(r.pipe, r.held + r.n_held, room_held())) > 0) {
    r.n_held += (size_t)got;
    r.held[r.n_held] = 0;
    char *at = r.held, *end;
    while ((end = strchr(at, '\n'))) {
      *end = 0;
      take_line(at);
      at = end + 1;
    }
    r.n_held -= (size_t)(at - r.held);
    memmove(r.held, at, r.n_held);
    if (!room_held()) r.n_held = 0;
  }
  if (got == 0) close_pipe(); /* at end of file it would stay readable */
}

static void checker_ended(int status) {
  char where[PATH_TEXT + 32] = "";
  read_checker();
  if (r.loading[0]) snprintf(where, sizeof where, " (at %s)", r.loading);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ask_workers();
  if (WIFEXITED(status) && r.n) return refuse("%s", r.text);
  not_their_fault();
  if (r.interrupted)
    return refuse("%s: loading took longer than reload.timeout_ms (%.0f s)",
                  r.loading[0] ? r.loading : "scripts", limit_s());
  refuse("the checker ended with %s %d%s", WIFSIGNALED(status) ? "signal" : "status",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), where);
}

bool reload_reaped(pid_t pid, int status) {
  if (pid != r.checker || pid <= 0) return false;
  r.checker = 0;
  if (r.phase == RELOAD_CHECKING) checker_ended(status);
  return true;
}

/* First signals it to stop, since then it names the line; then kills it. */
static void stop_checker(double now) {
  if (r.interrupted) {
    kill(r.checker, SIGKILL);
    r.deadline = now + limit_s();
    return;
  }
  r.interrupted = true;
  r.deadline = now + SOFT_S;
  kill(r.checker, SIGUSR1);
}

/* ---- for the supervisor ---- */

void reload_start(int client) {
  if (r.phase != RELOAD_IDLE) {
    r.again = true;
    if (client >= 0) r.asking_next[client] = true;
    return;
  }
  if (client >= 0) r.asking[client] = true;
  begin();
}

void reload_cancel(void) {
  not_their_fault();
  r.again = false;
  for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) r.asking[i] |= r.asking_next[i];
  memset(r.asking_next, 0, sizeof r.asking_next);
  if (r.phase == RELOAD_VOTING) abandon("the server is stopping");
  else if (r.phase == RELOAD_CHECKING) refuse("the server is stopping");
}

void reload_turn(double now) {
  if (r.pipe >= 0) read_checker();
  if (r.phase == RELOAD_IDLE || now < r.deadline) return;
  if (r.phase == RELOAD_CHECKING) stop_checker(now);
  else too_slow();
}
