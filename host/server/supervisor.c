/* SPDX-License-Identifier: MIT
 * supervisor.c -- see supervisor.h.  No Lua, no libuv: one poll for signals, the control socket and
 * the workers' links; it checks the heartbeats ten times a second (watchdog.c).
 *
 * Owns: every listening socket and bus end (a replacement inherits those of its predecessor, so no
 * pending connection or message is lost), the workers, the private database. */
#include "server/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/fds.h"
#include "core/link.h"
#include "core/log.h"
#include "core/peer.h"
#include "core/shm.h"
#include "net/listen.h"
#include "net/preface.h"
#include "net/tls.h"
#include "net/tlskeys.h"
#include "pg/pgembed.h"
#include "sense/index.h"
#include "server/activation.h"
#include "server/aside.h"
#include "server/brokerstart.h"
#include "server/bundle.h"
#include "server/change.h"
#include "server/control.h"
#include "server/instance.h"
#include "server/notify.h"
#include "server/reload.h"
#include "server/sockets.h"
#include "server/watch.h"
#include "server/watchdog.h"

enum { EXTRA_CONNECTIONS = 13, SETTINGS_WRONG = 2 };
static const double BACKOFF_MIN_S = 0.1, BACKOFF_MAX_S = 5, STEADY_S = 10, KILL_GRACE_S = 4,
                    LOAD_MARGIN_S = 5 + LOAD_PATIENCE; /* with its last second, see bridge.c */

typedef struct {
  pid_t pid;                    /* 0: not running */
  int link;                     /* our end; the worker sees end of file if we die */
  bool loaded;                  /* it has loaded its scripts */
  int restarts;
  listen_sockets listen;
  int bus_in, bus_out;
  double started_at, retry_at, backoff;
  struct {                      /* a retiring predecessor, which finishes its requests */
    pid_t pid;
    int link;
    double kill_at;
  } leaving;
} slot;

static struct {
  slot worker[SHM_WORKERS_MAX];
  int count, listeners;
  pid_t self;
  int signals;                  /* a signalfd */
  double started_at;
  bool ready, stopping;
  int failed;                   /* the exit status: 1, or 2 if settings are wrong */
  bool served;                  /* a worker has loaded its scripts */
  int early_deaths;             /* worker deaths before that */
  double kill_at;
} s;

/* ---- sockets ---- */

static void add_listener(int port, const int *fds) {
  for (int k = 0; k < s.count; k++) {
    listen_sockets *l = &s.worker[k].listen;
    l->fd[l->n] = fds[k];
    l->port[l->n++] = port;
  }
  s.listeners++;
}

/* 0, or -1 with a message. */
static int share_unix(void) {
  int fds[SHM_WORKERS_MAX], more = 1;
  bool is_agent;
  while (s.listeners < LISTEN_MAX && !(more = activation_share_unix(s.count, fds, &is_agent)))
    add_listener(is_agent ? LISTEN_AGENT : LISTEN_MAIN, fds);
  return more < 0 ? -1 : 0;
}

static int make_listeners(void) {
  static const char *const names[] = {
      [LISTEN_MAIN] = "port", [LISTEN_AGENT] = "agent_port", [LISTEN_REDIRECT] = "tls.redirect_port"};
  if (activation_take() || control_claim()) return -1;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    int fds[SHM_WORKERS_MAX];
    if (conf_num(names[i]) == 0) continue;
    if (sockets_listen(names[i], s.count, fds)) return -1;
    add_listener((int)i, fds);
    if (sockets_listen_twin(names[i], s.count, fds)) add_listener((int)i, fds);
  }
  return share_unix() || activation_finish() ? -1 : 0;
}

static int make_bus(void) {
  for (int i = 0; i < s.count; i++) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
      fprintf(stderr, "bus: %s\n", strerror(errno));
      return -1;
    }
    s.worker[i].bus_in = pair[0];
    s.worker[i].bus_out = pair[1];
  }
  return 0;
}

static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if ((double)limit.rlim_max < conf_num("limits.connections"))
    log_fmt(LOG_WARN, "at most %.0f files may be open, fewer than limits.connections (%.0f): raise "
            "LimitNOFILE= of the unit, or `ulimit -Hn`; clients for whom there is none get 503",
            (double)limit.rlim_max, conf_num("limits.connections"));
}

/* ---- in the child ---- */

/* Closes other workers' descriptors: a copy of their
 * control ends would hide the supervisor's death. */
static void close_others(const worker_spec *spec) {
  int keep[LISTEN_MAX + SHM_WORKERS_MAX + 4];
  size_t n = 0;
  for (int i = 0; i < spec->listen.n; i++) keep[n++] = spec->listen.fd[i];
  for (int i = 0; i < spec->count; i++) keep[n++] = spec->bus_out[i];
  keep[n++] = spec->bus_in;
  keep[n++] = spec->control_fd;
  keep[n++] = control_claim_fd();
  keep[n++] = spec->broker_fd;
  fds_keep_only(keep, n);
}

/* OpenSSL's generator reseeds itself after a fork; there is no other random state to reseed. */
static _Noreturn void become_worker(int index, int control) {
  worker_spec spec = {.index = index, .count = s.count, .listen = s.worker[index].listen,
                      .generation = reload_generation(), .control_fd = control,
                      .bus_in = s.worker[index].bus_in, .broker_fd = brokerstart_channel(index)};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != s.self) _exit(1);
  for (int i = 0; i < s.count; i++) spec.bus_out[i] = s.worker[i].bus_out;
  close_others(&spec);
  if (isatty(STDOUT_FILENO)) setenv("HUMAN_HINTS", "1", 1);
  exit(worker_run(&spec));
}

/* ---- workers ---- */

static void start_worker(int i) {
  slot *k = &s.worker[i];
  int pair[2];
  k->started_at = shm_clock();
  k->loaded = false;
  if (link_pair(pair)) goto fail;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) become_worker(i, pair[1]);
  close(pair[1]);
  if (pid < 0) {
    close(pair[0]);
    goto fail;
  }
  k->pid = pid;
  k->link = pair[0];
  watchdog_started(i, k->started_at);
  return;
fail:
  log_fmt(LOG_ERROR, "worker %d cannot be started: %s", i, strerror(errno));
  k->retry_at = k->started_at + BACKOFF_MAX_S;
}

static void begin_stop(const char *why) {
  if (s.stopping) return;
  s.stopping = true;
  s.kill_at = shm_clock() + KILL_GRACE_S +
              (conf_num("stop_notice_ms") + conf_num("limits.drain_timeout_ms")) / 1000;
  log_fmt(LOG_INFO, "stopping (%s): no new connections, at most %.0f s for requests in flight", why,
          conf_num("limits.drain_timeout_ms") / 1000);
  notify_systemd("STOPPING=1");
  reload_cancel();
  aside_stop();
  for (int i = 0; i < s.count; i++) {
    for (int k = 0; k < s.listeners; k++) close(s.worker[i].listen.fd[k]);
    close(s.worker[i].bus_in); /* no replacement will read what is left */
    if (s.worker[i].pid) kill(s.worker[i].pid, SIGTERM);
  }
}

static bool is_retiring(int i) {
  shm_beat beat;
  shm_look(i, &beat);
  return beat.retiring;
}

static void count_restart(const char *reason) {
  char name[64];
  snprintf(name, sizeof name, "human_worker_restarts_total{reason=\"%s\"}", reason);
  shm_count(name, 1);
}

/* Before any worker has loaded its scripts: if loading
 * fails, or workers die repeatedly, they always will. */
static bool cannot_start(int status) {
  return (WIFEXITED(status) && WEXITSTATUS(status)) || ++s.early_deaths > s.count;
}

/* A host that cannot start now will not start in a second either: exits with a message.  Later
 * deaths are accidents, followed by a replacement: at once, then more slowly while they repeat. */
static void worker_died(int i, int status) {
  slot *k = &s.worker[i];
  double now = shm_clock(), lived = now - k->started_at;
  log_rescue(i, false);
  bool expected = WIFEXITED(status) && !WEXITSTATUS(status) && (s.stopping || is_retiring(i));
  bool blamed = !expected && watchdog_died(i, k->pid, status, now);
  close(k->link);
  k->pid = 0;
  reload_lost(i);
  if (s.stopping) return;
  if (!s.served && !expected && cannot_start(status)) {
    if (!s.failed) s.failed = WIFEXITED(status) && WEXITSTATUS(status) == SETTINGS_WRONG ? SETTINGS_WRONG : 1;
    begin_stop(s.failed == 1 ? "the scripts cannot be loaded" : "settings are wrong");
    return;
  }
  k->restarts++;
  count_restart(blamed ? "stuck" : expected ? "memory" : WIFSIGNALED(status) ? "signal" : "exit");
  if (blamed || expected) {
    k->retry_at = now;
    return;
  }
  if (k->backoff == 0 && lived < STEADY_S && WIFEXITED(status) && WEXITSTATUS(status)) {
    s.failed = 1;
    begin_stop("a worker cannot start");
    return;
  }
  if (lived > STEADY_S || k->backoff == 0) k->backoff = BACKOFF_MIN_S;
  k->retry_at = now + k->backoff;
  k->backoff = k->backoff * 2 < BACKOFF_MAX_S ? k->backoff * 2 : BACKOFF_MAX_S;
}

/* ---- retiring workers ---- */

static void make_way(int i, double now) {
  slot *k = &s.worker[i];
  k->leaving.pid = k->pid;
  k->leaving.link = k->link;
  k->leaving.kill_at = now + conf_num("limits.drain_timeout_ms") / 1000 + KILL_GRACE_S;
  k->pid = 0;
  k->retry_at = now;
  k->restarts++;
  count_restart("memory");
  reload_lost(i);
  shm_succeed(i);
}

static void has_left(int i) {
  slot *k = &s.worker[i];
  close(k->leaving.link);
  k->leaving.pid = 0;
  log_rescue(i, true);
  shm_forget(i);
}

static void reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pgembed_reaped(pid, status) || reload_reaped(pid, status)) continue;
    if (brokerstart_reaped(pid, status) || aside_reaped(pid, status)) continue;
    for (int i = 0; i < s.count; i++) {
      if (s.worker[i].pid == pid) worker_died(i, status);
      if (s.worker[i].leaving.pid == pid) has_left(i);
    }
  }
}

/* ---- checking workers ---- */

/* How long a turn may last.  Loading scripts has its own limit, which the worker enforces. */
static double hard_s(int i) {
  shm_beat beat;
  shm_look(i, &beat);
  if (s.worker[i].loaded && !beat.loading) return conf_num("limits.script_hard_ms") / 1000;
  return conf_num("reload.timeout_ms") / 1000 * LOAD_PATIENCE + LOAD_MARGIN_S;
}

/* True: it serves, and its turns end. */
static bool look_at(int i, double now) {
  slot *k = &s.worker[i];
  if (k->leaving.pid && now > k->leaving.kill_at) kill(k->leaving.pid, SIGKILL);
  if (k->pid && is_retiring(i) && !k->leaving.pid && !s.stopping && !reload_deciding())
    make_way(i, now);
  if (!k->pid && !s.stopping && now >= k->retry_at && !reload_deciding()) start_worker(i);
  return k->pid && watchdog_look(i, k->pid, hard_s(i), now);
}

/* Suggests next steps to a person at a terminal. */
static void print_hints(void) {
  char url[96];
  if (!isatty(STDOUT_FILENO) && !getenv("HUMAN_HINTS")) return;
  sockets_url("port", url, sizeof url);
  printf("\nhuman %s is up:\n  all APIs    %s\n", HUMAN_VERSION, url);
  printf("  its state   %s/health\n", url);
  if (conf_num("agent_port") != 0) {
    sockets_url("agent_port", url, sizeof url);
    printf("  agent API   %s/api\n", url);
  }
  printf("Ctrl-C stops it.\n\n");
  fflush(stdout);
}

static void look_for_ready(void) {
  for (int i = 0; i < s.count; i++) {
    shm_beat beat;
    shm_look(i, &beat);
    if (!beat.started) return;
  }
  s.ready = true;
  notify_systemd("READY=1");
  print_hints();
}

static void look(void) {
  double now = shm_clock();
  bool healthy = true;
  for (int i = 0; i < s.count; i++)
    if (!look_at(i, now)) healthy = false;
  if (!s.ready && !s.stopping) look_for_ready();
  if (healthy) notify_systemd("WATCHDOG=1");
  if (s.stopping && now > s.kill_at)
    for (int i = 0; i < s.count; i++) {
      if (s.worker[i].pid) kill(s.worker[i].pid, SIGKILL);
      if (s.worker[i].leaving.pid) kill(s.worker[i].leaving.pid, SIGKILL);
    }
  tlskeys_turn(now);
  pgembed_tick();
  brokerstart_tick(now);
}

static bool any_alive(void) {
  for (int i = 0; i < s.count; i++)
    if (s.worker[i].pid || s.worker[i].leaving.pid) return true;
  return false;
}

/* ---- messages ---- */

int supervisor_link(int worker) {
  return s.worker[worker].pid ? s.worker[worker].link : -1;
}

static void hear(int i) {
  static link_message m;
  int passed;
  while (s.worker[i].pid && link_receive(s.worker[i].link, &m, &passed) == 1) {
    if (m.kind == LINK_CHANGE) {
      if (s.stopping || !s.ready) change_refuse(i, &m, passed, "busy");
      else reload_change(i, &m, passed);
      continue;
    }
    if (m.kind == LINK_ASIDE) {
      if (s.stopping || !s.ready) aside_refuse(i, &m, passed);
      else aside_start(i, &m, passed);
      continue;
    }
    if (passed >= 0) close(passed); /* workers pass no descriptors otherwise */
    if (m.kind == LINK_SERVING) s.served = s.worker[i].loaded = true;
    reload_heard(i, &m);
  }
}

static size_t put_worker(char *out, size_t n, int i) {
  const slot *k = &s.worker[i];
  shm_beat beat;
  shm_look(i, &beat);
  for (char *p = beat.what; *p; p++)
    if (*p == '"' || *p == '\\' || (unsigned char)*p < 0x20) *p = ' ';
  int m = snprintf(out, n,
                   "%s{\"index\":%d,\"pid\":%d,\"started\":%s,\"busy\":%s,\"restarts\":%d,"
                   "\"uptime_s\":%.0f,\"what\":\"%s\"}",
                   i ? "," : "", i, (int)k->pid, beat.started ? "true" : "false",
                   beat.busy ? "true" : "false", k->restarts, shm_clock() - k->started_at,
                   beat.busy ? beat.what : "");
  return m < 0 || (size_t)m >= n ? 0 : (size_t)m;
}

/* The last verdict as a JSON string; it may quote any bytes of scripts. */
static size_t put_text(char *out, size_t n, const char *text) {
  size_t at = 0;
  for (; *text && at + 8 < n; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') out[at++] = '\\';
    if (c >= 0x20) out[at++] = *text;
    else at += (size_t)snprintf(out + at, 8, "\\u%04x", c);
  }
  out[at] = 0;
  return at;
}

/* This server's address and instance id, since the asking process may have other settings. */
static size_t put_place(char *out, size_t n) {
  char main_url[96], agent_url[96] = "", pin[TLS_PIN], home[PATH_MAX];
  sockets_url("port", main_url, sizeof main_url);
  if (conf_num("agent_port") != 0) sockets_url("agent_port", agent_url, sizeof agent_url);
  tls_pin(pin);
  put_text(home, sizeof home, conf_str("home"));
  return (size_t)snprintf(out, n, "\"instance\":\"%s\",\"home\":\"%s\",\"url\":\"%s\","
                          "\"agent_url\":\"%s\",\"pin\":\"%s\",\"proxy_head\":%s,",
                          instance_id(), home, main_url, agent_url, pin,
                          preface_wanted_here() ? "true" : "false");
}

/* What each worker said of the last reload; those that were not asked are left out. */
static size_t put_votes(char *out, size_t n, const reload_verdict *last) {
  static const char *const words[] = {[VOTE_YES] = "yes", [VOTE_NO] = "no", [VOTE_ENDED] = "ended"};
  size_t at = 0;
  for (int i = 0; i < s.count; i++)
    if (last->vote[i].said)
      at += (size_t)snprintf(out + at, n - at, "%s{\"worker\":%d,\"vote\":\"%s\",\"ms\":%.1f}",
                             at ? "," : "", i, words[last->vote[i].said], last->vote[i].ms);
  return at;
}

static void answer_status(int client) {
  static char out[32 * 1024], verdict[2 * RELOAD_TEXT];
  const reload_verdict *last = reload_last();
  size_t n = (size_t)snprintf(out, sizeof out,
                              "{\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%.0f,\"generation\":%d,"
                              "\"bundle\":\"%s\",\"stopping\":%s,",
                              HUMAN_VERSION, (int)s.self, shm_clock() - s.started_at,
                              reload_generation(), bundle_hash(reload_generation()),
                              s.stopping ? "true" : "false");
  n += put_place(out + n, sizeof out - n);
  n += (size_t)snprintf(out + n, sizeof out - n, "\"workers\":[");
  for (int i = 0; i < s.count; i++) n += put_worker(out + n, sizeof out - n, i);
  put_text(verdict, sizeof verdict, last->text);
  n += (size_t)snprintf(out + n, sizeof out - n,
                        "],\"reload\":{\"at\":%.0f,\"ok\":%s,\"verdict\":\"%s\",\"votes\":[", last->at,
                        last->ok ? "true" : "false", verdict);
  n += put_votes(out + n, sizeof out - n, last);
  snprintf(out + n, sizeof out - n, "]}}");
  control_reply(client, 0, out);
}

static void on_request(int client, const char *request) {
  if (!strcmp(request, "status")) return answer_status(client);
  if (!strcmp(request, "pass")) return control_reply(client, 0, instance_pass());
  if (strcmp(request, "reload")) return control_reply(client, 2, "unknown request");
  if (s.stopping) return control_reply(client, 1, "refused: the server is stopping");
  if (!s.ready) return control_reply(client, 1, "refused: the server is still starting");
  reload_start(client);
}

static void on_signal(void) {
  struct signalfd_siginfo info;
  while (read(s.signals, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) continue;
    if (info.ssi_signo == SIGHUP) {
      if (!s.stopping) reload_start(-1);
      continue;
    }
    if (s.stopping) s.kill_at = 0; /* second signal: stop at once */
    begin_stop(strsignal((int)info.ssi_signo));
  }
}

static void wait_and_hear(void) {
  struct pollfd fds[3 + SHM_WORKERS_MAX + 1 + CONTROL_CLIENTS_MAX];
  size_t n = 0, control;
  fds[n++] = (struct pollfd){.fd = s.signals, .events = POLLIN};
  fds[n++] = (struct pollfd){.fd = reload_fd(), .events = POLLIN};
  fds[n++] = (struct pollfd){.fd = watch_fd(), .events = POLLIN};
  for (int i = 0; i < s.count; i++) /* SIGCHLD reports its end of file */
    fds[n++] = (struct pollfd){.fd = supervisor_link(i), .events = POLLIN};
  control = control_poll(fds + n);
  if (poll(fds, n + control, WATCHDOG_LOOK_MS) < 0 && errno != EINTR)
    log_fmt(LOG_ERROR, "supervisor: poll: %s", strerror(errno));
  double now = shm_clock();
  for (int i = 0; i < s.count; i++) hear(i);
  on_signal();
  reap();
  control_turn(fds + n, control, now);
  if (watch_due(now) && s.ready && !s.stopping) reload_start(-1);
  reload_turn(now);
  aside_turn(now);
}

static void serve(void) {
  while (!s.stopping || any_alive()) {
    wait_and_hear();
    look();
  }
}

/* ---- start and main loop ---- */

int supervisor_connections(int workers) {
  return workers * ((int)conf_num("database.pool") + 1) + EXTRA_CONNECTIONS;
}

static int load_scripts(void) {
  char why[1024];
  int generation = bundle_load(why, sizeof why);
  if (generation < 0) fprintf(stderr, "%s\n", why);
  return generation;
}

static int prepare(void) {
  s.self = getpid();
  s.count = (int)conf_num("workers");
  raise_file_limit();
  s.started_at = shm_clock();
  peer_init();
  if (instance_make() || tls_start() || sockets_check_host() || make_listeners() || make_bus()) return -1;
  int generation = load_scripts();
  if (generation < 0) return -1;
  log_generation(bundle_hash(generation));
  reload_init(generation, s.count);
  if (conf_bool("reload.watch")) watch_open(conf_str("scripts"));
  if (shm_init(s.count) || index_init((uint32_t)conf_num("search.listings")) ||
      log_share(s.count)) {
    fprintf(stderr, "shared memory: %s\n", strerror(errno));
    return -1;
  }
  /* The database before the socket: if another host uses this home, its message says more. */
  if (!*conf_str("database.url") && pgembed_start(supervisor_connections(s.count), false)) return -1;
  return brokerstart_open(s.count) ? -1 : control_open(on_request);
}

/* nohup(1) ignores SIGHUP for us; handling it would defeat that. */
static bool is_ignored(int sig) {
  struct sigaction a;
  return !sigaction(sig, NULL, &a) && a.sa_handler == SIG_IGN;
}

int supervisor_run(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (!is_ignored(SIGHUP)) sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);
  /* Last, so that it does not take the number of a socket that should have been passed to us. */
  if (prepare() || (s.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)) < 0) {
    control_close();
    brokerstart_close();
    pgembed_stop();
    return 1;
  }
  for (int i = 0; i < s.count; i++) start_worker(i);
  serve();
  control_close();
  brokerstart_close();
  pgembed_stop();
  log_fmt(LOG_INFO, "stopped");
  return s.failed;
}
