/* SPDX-License-Identifier: MIT
 * dbconn.c -- see dbconn.h.  This half: the socket, connecting, breaking, cancelling.
 * dbflight.c is the other half: sending jobs and reading their answers.
 *
 * libpq may close its socket and open another inside PQconnectPoll(), even with the same number, so
 * the poll handle is stopped before each such call and created again after it.  Each address has its own
 * timeout; one that hangs delays a single connection while the others go on to the next.
 * Nothing is sent while a cancel request runs, so that a late signal cannot hit the next statement. */
#include "pg/dbconn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/loop.h"
#include "core/shm.h"
#include "pg/dbcancel.h"
#include "pg/dbflight.h"
#include "pg/dbsetup.h"
#include "pg/dbwatch.h"

enum {
  RETRY_MIN_MS = 50,
  RETRY_MAX_MS = 1000,
  CROWDED_MS = 8000,
  TOGETHER_MS = 500, /* how long all connections wait for one address; then only one does */
  NOTICES_PER_S = 10
};

struct dbconn_poll {
  uv_poll_t handle;
  dbconn *conn; /* NULL: closing */
  int fd, events;
};

static void on_timer(uv_timer_t *t);
static void advance(dbconn *c);

bool dbconn_ready(const dbconn *c) { return c->state == DBCONN_READY; }

int dbconn_depth(const dbconn *c) { return c->flight.n + c->pending.n; }

bool dbconn_quiet(const dbconn *c) {
  return c->state == DBCONN_READY && dbconn_depth(c) == 0 && !c->canceling && !c->want_cancel;
}

bool dbconn_in_tx(const dbconn *c) {
  return c->state == DBCONN_READY && PQtransactionStatus(c->pg) != PQTRANS_IDLE;
}

/* ---- the poll handle ------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *h) { free(h); }

static void poll_close(dbconn *c) {
  struct dbconn_poll *p = c->poll;
  if (!p) return;
  c->poll = NULL;
  p->conn = NULL;
  uv_poll_stop(&p->handle);
  uv_close((uv_handle_t *)p, on_closed);
}

static void on_poll(uv_poll_t *h, int status, int events) {
  struct dbconn_poll *p = (struct dbconn_poll *)h;
  dbconn *c = p->conn;
  if (!c) return;
  if (c->state == DBCONN_CONNECTING) {
    advance(c);
    return;
  }
  if (status < 0) { /* libuv has stopped watching; libpq will find the error */
    events = UV_READABLE;
    p->events = 0;
  }
  dbflight_ready(c, (events & UV_READABLE) != 0);
}

static struct dbconn_poll *poll_make(dbconn *c) {
  struct dbconn_poll *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->fd = PQsocket(c->pg);
  p->conn = c;
  if (p->fd < 0 || uv_poll_init(loop_uv(), &p->handle, p->fd) != 0) {
    free(p);
    return NULL;
  }
  return p;
}

int dbconn_watch(dbconn *c, int events) {
  if (c->poll && c->poll->fd != PQsocket(c->pg)) poll_close(c);
  if (!c->poll) c->poll = poll_make(c);
  if (!c->poll) return -1;
  if (c->poll->events == events) return 0;
  c->poll->events = events;
  return uv_poll_start(&c->poll->handle, events, on_poll);
}

static void unwatch(dbconn *c) {
  if (!c->poll) return;
  uv_poll_stop(&c->poll->handle);
  c->poll->events = 0;
}

/* ---- connecting ------------------------------------------------------------------------------ */

/* Clients have no use for notices, but they help while debugging; a loop that raises thousands must
 * not flood the log. */
static void on_notice(void *arg, const char *text) {
  static uint64_t second;
  static int n;
  (void)arg;
  uint64_t now = uv_now(loop_uv()) / 1000;
  if (now != second) {
    second = now;
    n = 0;
  }
  if (n++ < NOTICES_PER_S) log_fmt(LOG_DEBUG, "database: %.*s", (int)strcspn(text, "\n"), text);
}

static void next_host(dbconn *c);

/* PQfinish, and frees everything that belongs to the session, in any state. */
static void close_session(dbconn *c) {
  poll_close(c);
  PQfinish(c->pg);
  c->pg = NULL;
  c->epoch++;
  if (c->server && c->state == DBCONN_READY) c->server->ready--;
  else if (c->server) c->server->tries--;
  c->server = NULL;
  c->canceling = c->want_cancel = c->single_row = false;
  c->shared_now = c->dirty = c->resetting = c->in_block = false;
  c->probing = c->doubt = c->retire = false;
  c->cancel_at = 0;
  dbstmts_clear(&c->stmts);
  c->stmts.serial = 0;
}

static void drop_jobs(dbjobs *q) {
  for (dbjob *j; (j = dbjobs_pop(q));) dbjob_free(j);
}

static void set_why(dbconn *c, const char *why) {
  snprintf(c->why, sizeof c->why, "%.*s", (int)strcspn(why, "\n"), why);
}

static void connected(dbconn *c) {
  if (PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg)) {
    dbconn_lost(c, PQerrorMessage(c->pg));
    return;
  }
  PQsetNoticeProcessor(c->pg, on_notice, NULL);
  c->state = DBCONN_SETUP;
  if (dbconn_watch(c, UV_READABLE) < 0) dbconn_lost(c, "the socket cannot be watched");
  else dbsetup_begin(c);
}

void dbconn_accept(dbconn *c) {
  uv_timer_stop(&c->timer);
  c->server->tries--;
  c->server->ready++;
  c->server_heard = c->server->heard;
  c->state = DBCONN_READY;
  c->failures = 0;
  c->crowded = false;
  dbserver_note(c->server, HOST_DB_UP, "");
  c->hooks->ready(c);
}

static void advance(dbconn *c) {
  unwatch(c);
  int events = 0;
  switch (PQconnectPoll(c->pg)) {
    case PGRES_POLLING_READING: events = UV_READABLE; break;
    case PGRES_POLLING_WRITING: events = UV_WRITABLE; break;
    case PGRES_POLLING_OK: connected(c); return;
    default: dbconn_lost(c, PQerrorMessage(c->pg)); return;
  }
  if (dbconn_watch(c, events) < 0) dbconn_lost(c, "the socket cannot be watched");
}

/* ---- one address after another --------------------------------------------------------------- */

static bool has_more(const dbconn *c) {
  return c->list_at < c->list.n || c->hosts_tried < dbaddr_hosts(c->route);
}

/* Only one connection at a time waits for a server that hung before. */
static bool is_left_to_another(const dbserver *s) { return s->hung && s->tries > 0; }

/* Starts the limit of an address.  The first timer is
 * shorter: how long all connections may wait for it. */
static void start_limit(dbconn *c) {
  uint64_t limit = dbaddr_limit_ms(c->route), first = limit;
  c->limit_at = uv_now(loop_uv()) + limit;
  if (limit > TOGETHER_MS) first = TOGETHER_MS;
  uv_timer_start(&c->timer, on_timer, first, 0);
}

static bool try_server(dbconn *c, dbserver *s) {
  c->server = s;
  s->tries++;
  c->state = DBCONN_CONNECTING;
  c->pg = dbaddr_connect(c->route, s);
  start_limit(c);
  /* "behave as if PQconnectPoll had returned PGRES_POLLING_WRITING" (libpq manual) */
  if (c->pg && PQstatus(c->pg) != CONNECTION_BAD && dbconn_watch(c, UV_WRITABLE) == 0) return true;
  char why[DBSERVER_WHY];
  bool crowded;
  int condition = dbserver_classify(c->pg ? PQerrorMessage(c->pg) : "out of memory", why, sizeof why,
                                    &crowded);
  set_why(c, why);
  dbserver_note(s, condition, why);
  close_session(c);
  return false;
}

static void next_server(dbconn *c) {
  while (c->list_at < c->list.n) {
    dbserver *s = c->list.at[c->list_at++];
    if (is_left_to_another(s)) set_why(c, s->why);
    else if (try_server(c, s)) return;
  }
  next_host(c);
}

static void on_address(void *arg, unsigned epoch, const dbaddr_list *found, const char *failure) {
  dbconn *c = arg;
  if (c->state != DBCONN_RESOLVING || c->epoch != epoch) return;
  if (failure) set_why(c, failure);
  c->list = found ? *found : (dbaddr_list){.n = 0};
  c->list_at = 0;
  next_server(c);
}

/* Doubles after each failure, up to 2 s, less a random quarter, so that the connections of all
 * workers do not come back at the same moment.  When the server has no connection left and this
 * worker already has one, the pause is longer. */
static uint64_t pause_ms(const dbconn *c) {
  uint64_t ms = RETRY_MIN_MS, most = RETRY_MAX_MS;
  if (c->crowded && !c->aside && (dbwatch_ready() || dbwatch_migration_waits())) most = CROWDED_MS;
  for (int i = 1; i < c->failures && ms < most; i++) ms *= 2;
  if (ms > most) ms = most;
  return ms - uv_hrtime() / 1000 % (ms / 4);
}

static void wait_for_next(dbconn *c) {
  c->state = DBCONN_WAITING;
  c->failures++;
  uv_timer_start(&c->timer, on_timer, pause_ms(c), 0);
}

static void next_host(dbconn *c) {
  int hosts = dbaddr_hosts(c->route);
  c->epoch++;
  if (c->hosts_tried == hosts) {
    char text[DBSERVER_WHY];
    snprintf(text, sizeof text, "%s", c->why);
    wait_for_next(c);
    c->hooks->down(c, text);
    return;
  }
  int host = (c->first_host + c->hosts_tried++) % hosts;
  c->state = DBCONN_RESOLVING;
  uv_timer_start(&c->timer, on_timer, dbaddr_limit_ms(c->route), 0);
  dbaddr_resolve(c->route, host, c, c->epoch, on_address);
}

static void begin(dbconn *c) {
  c->hosts_tried = c->list_at = c->list.n = 0;
  c->first_host = dbaddr_first(c->route);
  next_host(c);
}

void dbconn_give_up(dbconn *c, int condition, const char *why) {
  set_why(c, why);
  if (condition) dbserver_note(c->server, condition, c->why);
  drop_jobs(&c->flight);
  drop_jobs(&c->pending);
  close_session(c);
  next_server(c);
}

/* The connection was accepted but gets no answer, while others do: a pooler has queued it. */
static bool is_queued(const dbconn *c) {
  bool others = c->server->ready > 0 || (!c->aside && shm_database_sibling() >= 0);
  return c->pg && PQstatus(c->pg) == CONNECTION_OK && others;
}

/* The server accepts but does not answer, or does not react at all. */
static void give_up_hung(dbconn *c) {
  char name[80], text[DBSERVER_WHY];
  dbserver *s = c->server;
  c->crowded = is_queued(c);
  if (c->crowded) {
    dbconn_give_up(c, HOST_DB_REFUSED, "a pooler has no connection left");
    return;
  }
  bool silent = c->pg && (PQstatus(c->pg) == CONNECTION_STARTED || PQstatus(c->pg) == CONNECTION_NEEDED);
  dbserver_name(s, name, sizeof name);
  snprintf(text, sizeof text, silent ? "%s: no connection within %d ms" : "%s accepts connections but "
           "does not answer within %d ms", name, (int)dbaddr_limit_ms(c->route));
  dbserver_note(s, silent ? HOST_DB_UNREACHABLE : HOST_DB_STUCK, text);
  s->hung = true;
  dbconn_give_up(c, 0, text);
}

static void on_limit(dbconn *c) {
  uint64_t now = uv_now(loop_uv());
  c->crowded = is_queued(c);
  if (now >= c->limit_at) {
    give_up_hung(c);
  } else if (c->server->tries > 1 && has_more(c)) { /* another connection keeps waiting for it */
    c->server->hung = true;
    dbconn_give_up(c, 0, "no answer yet");
  } else {
    uv_timer_start(&c->timer, on_timer, c->limit_at - now, 0);
  }
}

static void on_timer(uv_timer_t *t) {
  dbconn *c = t->data;
  switch (c->state) {
    case DBCONN_WAITING: begin(c); return;
    case DBCONN_RESOLVING:
      set_why(c, "the host name cannot be looked up in time");
      next_host(c);
      return;
    case DBCONN_CONNECTING:
    case DBCONN_SETUP: on_limit(c); return;
    case DBCONN_OFF:
    case DBCONN_READY: return;
  }
}

void dbconn_open(dbconn *c, const dbconn_hooks *hooks) {
  if (c->state != DBCONN_OFF) return;
  c->hooks = hooks;
  if (!c->timer_made) {
    uv_timer_init(loop_uv(), &c->timer);
    dbwatch_add(c);
  }
  c->timer_made = true;
  c->timer.data = c;
  c->failures = 0;
  begin(c);
}

void dbconn_nudge(dbconn *c) {
  if (c->state == DBCONN_WAITING) begin(c);
}

/* ---- breaking -------------------------------------------------------------------------------- */

static void fail_jobs(dbjobs *q, int status) {
  for (dbjob *j; (j = dbjobs_pop(q));) {
    dbjob_finish(j, status, NULL, 0);
    dbjob_free(j);
  }
}

void dbconn_break(dbconn *c, int condition, const char *why) {
  char text[DBSERVER_WHY];
  if (c->state == DBCONN_CONNECTING || c->state == DBCONN_SETUP) {
    dbconn_give_up(c, condition, why);
    return;
  }
  if (c->state != DBCONN_READY) return;
  set_why(c, why); /* `why` may point into memory that is freed next */
  snprintf(text, sizeof text, "%s", c->why);
  if (condition) dbserver_note(c->server, condition, text);
  if (condition == HOST_DB_STUCK) c->server->hung = true;
  close_session(c);
  wait_for_next(c);
  dbjobs flight = c->flight, pending = c->pending;
  c->flight = c->pending = (dbjobs){0};
  fail_jobs(&flight, HOST_EDOWN);
  fail_jobs(&pending, HOST_EDOWN);
  c->hooks->down(c, text);
}

void dbconn_lost(dbconn *c, const char *message) {
  char why[DBSERVER_WHY];
  bool crowded;
  int condition = dbserver_classify(message, why, sizeof why, &crowded);
  dbserver *s = c->server;
  c->crowded = crowded;
  dbconn_break(c, condition, why);
  if (s && crowded) s->crowded = true;
}

void dbconn_pause(dbconn *c) {
  if (c->state == DBCONN_OFF) return;
  uv_timer_stop(&c->timer);
  close_session(c);
  c->state = DBCONN_OFF;
}

void dbconn_stop(dbconn *c) {
  if (!c->timer_made) return;
  close_session(c);
  c->state = DBCONN_OFF;
  c->timer_made = false;
  uv_close((uv_handle_t *)&c->timer, NULL);
  drop_jobs(&c->flight);
  drop_jobs(&c->pending);
}

/* ---- cancelling ------------------------------------------------------------------------------ */

void dbconn_cancelled(dbconn *c, unsigned epoch) {
  if (c->state != DBCONN_READY || c->epoch != epoch) return;
  c->canceling = false;
  if (!c->flight.n) c->cancel_at = 0;
  dbflight_pump(c);
  if (c->state == DBCONN_READY) c->hooks->room(c);
}

void dbconn_cancel(dbconn *c) {
  if (c->state != DBCONN_READY || !c->flight.n || c->canceling) return;
  if (!c->cancel_at) c->cancel_at = uv_now(loop_uv());
  c->canceling = dbcancel_start(c) == 0;
  c->want_cancel = !c->canceling;
  for (dbjob *j = c->flight.first; j; j = j->next) j->suspect = true;
}
