/* SPDX-License-Identifier: MIT
 * worker.c -- the life of one worker: start, turns, drain, stop.
 *
 * Owns: the order of starting and stopping, the signals.  A turn runs Lua for at most 10 ms, sends its
 * output, then runs the loop; the loop does not block while Lua has work left. */
#include "server/worker.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/link.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/op.h"
#include "core/shm.h"
#include "fetch/fetch.h"
#include "http/request.h"
#include "http/serve.h"
#include "http/transfer.h"
#include "http/upload.h"
#include "net/conn.h"
#include "net/pass.h"
#include "net/relay.h"
#include "net/tls.h"
#include "pg/db.h"
#include "server/aside.h"
#include "server/bridge.h"
#include "server/brokercall.h"
#include "server/bundle.h"
#include "server/settings.h"
#include "server/bus.h"
#include "server/postmortem.h"
#include "server/supervisor.h"

static const double TURN_S = 0.010, GOODBYE_S = 2;
enum { LOG_RETRY_MS = 100 };

static struct {
  const worker_spec *spec;
  uv_timer_t deadline, log_retry;
  uv_poll_t control;
  int generation; /* of scripts, in service */
  bool noticed, stop_now, accepting, draining, drained, out_of_time, orphaned, has_control;
  double drain_until;
  volatile sig_atomic_t asked_to_stop;
} w;

/* Reading requests depends on the scripts (limits of bodies, paths of uploads): clients wait in the
 * kernel's queue until scripts are loaded. */
static void start_accepting(void) {
  if (w.accepting || w.draining) return;
  w.accepting = true;
  conn_start_accepting();
}

/* ---- stopping ---- */

int host_stopped(void) {
  if (!w.draining) return HOST_EINVAL;
  w.drained = true;
  return 0;
}

/* Load balancers first learn from /ready that this server stops; only then are clients refused. */
static void on_noticed(uv_timer_t *timer) {
  (void)timer;
  w.stop_now = true;
}

static void give_notice(void) {
  if (w.noticed) return;
  w.noticed = true;
  uint64_t ms = (uint64_t)conf_num("stop_notice_ms");
  if (!ms) {
    w.stop_now = true;
    return;
  }
  op_push(HOST_EV_STOP, 1, 0, 0, NULL, 0);
  uv_update_time(loop_uv());
  uv_timer_start(&w.deadline, on_noticed, ms, 0);
}

static void on_deadline(uv_timer_t *timer) {
  (void)timer;
  w.out_of_time = true;
}

static void begin_drain(void) {
  if (w.draining) return;
  w.draining = true;
  w.drain_until = shm_clock() + conf_num("limits.drain_timeout_ms") / 1000;
  conn_stop_accepting();
  op_push(HOST_EV_STOP, 0, 0, 0, NULL, 0);
  uv_update_time(loop_uv());
  uv_timer_start(&w.deadline, on_deadline, (uint64_t)conf_num("limits.drain_timeout_ms"), 0);
}

void worker_retire(void) {
  if (w.draining) return;
  shm_retiring();
  bus_hand_over();
  begin_drain();
}

/* Async-signal-safe.  A sub-command stops at once, whatever its Lua is doing. */
static void on_stop_signal(int sig) {
  if (w.asked_to_stop && w.spec->command) _exit(128 + sig);
  w.asked_to_stop = sig;
  if (w.spec->command) bridge_interrupt(sig);
  loop_interrupt();
}

/* ---- reloads ---- */

static int answer(link_kind kind, int generation, int ok, const char *why, size_t n) {
  static link_message m;
  m = (link_message){.kind = (int32_t)kind, .generation = generation, .ok = ok};
  snprintf(m.text, sizeof m.text, "%.*s", (int)n, why);
  return link_send(w.spec->control_fd, &m, -1) ? HOST_EGONE : 0;
}

int host_reload_vote(int generation, int ok, host_str *why) {
  if (w.spec->control_fd < 0) return HOST_EINVAL;
  return answer(LINK_VOTE, generation, ok, why->p, why->n);
}

int host_reload_serving(int generation) {
  settings_serve(generation);
  if (w.spec->control_fd < 0) return HOST_EINVAL;
  if (generation != w.generation) bundle_drop(w.generation);
  w.generation = generation;
  log_generation(bundle_hash(generation));
  start_accepting();
  return answer(LINK_SERVING, generation, 1, "", 0);
}

host_id host_settings_set(host_id owner, host_str *wanted) {
  return w.spec->control_fd < 0 ? HOST_EINVAL : settings_ask(w.spec->control_fd, owner, wanted);
}

host_id host_aside(host_id owner, host_str *wanted) {
  return w.spec->control_fd < 0 ? HOST_EINVAL : aside_ask(w.spec->control_fd, owner, wanted);
}

/* Loads the new scripts and certificates beside those in service. */
static int prepare_reload(const link_message *m, int fd, char *why, size_t n) {
  if (fd >= 0 && !bundle_attach(m->generation, fd)) return tls_prepare(why, n);
  snprintf(why, n, fd < 0 ? "too many open files: no descriptor is left for the scripts"
                          : "the bundle cannot be mapped");
  return -1;
}

static void on_link(const link_message *m, int fd) {
  static const int phase[] = {[LINK_PREPARE] = HOST_RELOAD_PREPARE, [LINK_COMMIT] = HOST_RELOAD_COMMIT,
                              [LINK_ABORT] = HOST_RELOAD_ABORT};
  char why[1024];
  if (m->kind == LINK_ASIDED) aside_heard(m->generation, m->ok, m->text);
  if (m->kind == LINK_CHANGED) settings_changed(m->generation, m->ok, m->text);
  if (m->kind < LINK_PREPARE || m->kind > LINK_ABORT) return;
  if (m->kind == LINK_PREPARE && prepare_reload(m, fd, why, sizeof why)) {
    answer(LINK_VOTE, m->generation, 0, why, strlen(why));
    return;
  }
  if (m->kind == LINK_COMMIT) tls_commit();
  if (m->kind == LINK_ABORT) tls_abort();
  if (m->kind == LINK_ABORT) bundle_drop(m->generation);
  op_push(HOST_EV_RELOAD, phase[m->kind], m->generation, 0, NULL, 0);
}

/* The worker stops when its supervisor is gone. */
static void on_control(uv_poll_t *poll, int status, int events) {
  static link_message m;
  int fd, got = 0;
  (void)events;
  while (status >= 0 && (got = link_receive(w.spec->control_fd, &m, &fd)) == 1) on_link(&m, fd);
  if (got < 0) return;
  log_fmt(LOG_ERROR, "worker %d: the supervisor is gone", w.spec->index);
  uv_poll_stop(poll);
  w.orphaned = true;
}

/* ---- starting ---- */

static void handle(int sig, void (*fn)(int)) {
  struct sigaction a = {.sa_handler = fn, .sa_flags = SA_RESTART};
  sigemptyset(&a.sa_mask);
  sigaction(sig, &a, NULL);
}

/* A worker ignores Ctrl-C in the terminal: the supervisor gets it, too, and decides. */
static void take_signals(void) {
  sigset_t none;
  handle(SIGPIPE, SIG_IGN);
  handle(SIGHUP, w.spec->command ? SIG_DFL : SIG_IGN);
  handle(SIGTERM, on_stop_signal);
  handle(SIGINT, w.spec->command ? on_stop_signal : SIG_IGN);
  handle(SIGUSR1, bridge_on_sigusr1);
  postmortem_install();
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static int watch_control(void) {
  if (w.spec->control_fd < 0) return 0;
  if (uv_poll_init(loop_uv(), &w.control, w.spec->control_fd)) return -1;
  w.has_control = true;
  return uv_poll_start(&w.control, UV_READABLE | UV_DISCONNECT, on_control);
}

static int start_loop(void) {
  if (loop_open()) return -1;
  uv_timer_init(loop_uv(), &w.deadline);
  uv_timer_init(loop_uv(), &w.log_retry);
  return 0;
}

/* Some sub-commands run without one: their host_db_* calls return HOST_EDOWN.  So does the checker,
 * whose verdict must depend on the scripts alone. */
static bool has_database(void) {
  if (w.spec->index < 0) return w.spec->database;
  return !w.spec->command || w.spec->database;
}

static int start(void) {
  const char *failed = NULL;
  if (start_loop()) failed = "loop";
  take_signals();
  if (!failed && watch_control()) failed = "control socket";
  if (!failed && conn_init(&w.spec->listen, &serve_http)) failed = "listening sockets";
  if (!failed && has_database() && db_init()) failed = "database client";
  if (!failed && fetch_init()) failed = "HTTP client";
  if (!failed && brokercall_init(w.spec->broker_fd)) failed = "broker";
  if (!failed && bus_init(w.spec)) failed = "bus";
  pass_init(bus_send_conn);
  upload_init();
  if (!failed && bridge_init(w.spec)) failed = "Lua runtime";
  if (!failed && w.spec->command) start_accepting(); /* it waits for no scripts: specs serve by themselves */
  if (failed) log_fmt(LOG_ERROR, "worker %d: cannot start: %s", w.spec->index, failed);
  return failed ? -1 : 0;
}

/* ---- the loop ---- */

static void on_log_retry(uv_timer_t *timer) {
  (void)timer;
}

/* Retries lines that could not be written, even if nothing else happens. */
static void flush_log(void) {
  if (log_flush()) uv_timer_start(&w.log_retry, on_log_retry, LOG_RETRY_MS, 0);
}

/* Sends what Lua queued in this turn, and frees what Lua borrowed. */
static void end_turn(void) {
  conn_flush();
  request_bury();
}

static void turn(void) {
  int more = bridge_dispatch(TURN_S);
  end_turn();
  flush_log();
  if (!op_congested()) conn_resume_reading();
  loop_run(!more && !w.drained && !w.orphaned && (!w.asked_to_stop || w.noticed) &&
           (!w.stop_now || w.draining));
}

/* Drains until Lua is idle and the clients have received everything, or time is up. */
static int serve(void) {
  int code;
  bool first = true;
  while (!w.orphaned && !w.drained && !w.out_of_time) {
    turn();
    if (first) shm_started();
    first = false;
    if (w.asked_to_stop && w.spec->command) return 128 + w.asked_to_stop;
    if (bridge_exit_code(&code)) return code;
    if (w.asked_to_stop) give_notice();
    if (w.stop_now) begin_drain();
  }
  if (w.out_of_time)
    log_fmt(LOG_WARN, "worker %d: limits.drain_timeout_ms has passed; %d connections are cut",
            w.spec->index, conn_count());
  return 0;
}

/* Relayed connections end with their other worker, transfers when everything is sent. */
static bool may_leave(double end) {
  static bool told;
  double now = shm_clock();
  int under_way = relay_count() + transfer_count();
  if (conn_count() == 0) return true;
  if (now < end) return false;
  if (!under_way || now >= w.drain_until) return true;
  if (!told)
    log_fmt(LOG_INFO, "worker %d: ends when %d answers that it has begun are sent", w.spec->index, under_way);
  told = true;
  return false;
}

/* Gives the kernel a moment to take the last bytes of responses and close frames. */
static void say_goodbye(void) {
  conn_shutdown();
  end_turn();
  double end = shm_clock() + GOODBYE_S;
  while (!may_leave(end)) {
    uv_timer_start(&w.deadline, on_deadline, 20, 0);
    loop_run(true);
    bridge_dispatch(TURN_S);
    end_turn();
    flush_log();
  }
}

static void stop(void) {
  bridge_stop(w.spec->command != NULL);
  bus_stop();
  fetch_stop();
  brokercall_stop();
  db_stop();
  loop_close();
  log_flush();
}

int worker_run(const worker_spec *spec) {
  w.spec = spec;
  w.generation = spec->generation;
  log_attach(spec->index);
  log_generation(bundle_hash(w.generation));
  shm_attach(spec->index);
  if (start()) return SUPERVISOR_EXIT_BOOT;
  int code = serve();
  if (!w.orphaned && !spec->command) say_goodbye();
  stop();
  return code;
}
