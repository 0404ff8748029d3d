/* SPDX-License-Identifier: MIT
 * dbconn.c -- see dbconn.h.  This half: the socket, connecting, breaking, cancelling.
 * dbflight.c is the other half: sending jobs and reading their answers.
 *
 * libpq may close its socket and open another inside PQconnectPoll(), under the same number even, so
 * the poll handle is stopped before each such call and made anew after it.  PQcancel() blocks: it
 * runs in libuv's pool, a few at a time, and while it runs nothing is sent on the connection, so
 * that a late signal cannot hit the next statement. */
#include "dbconn.h"

#include <stdlib.h>
#include <string.h>

#include "dbaddr.h"
#include "dbflight.h"
#include "log.h"
#include "worker.h"

enum { RETRY_MIN_MS = 50, RETRY_MAX_MS = 2000, CANCELS_MAX = 2, NOTICES_PER_S = 10 };

struct dbconn_poll {
  uv_poll_t handle;
  dbconn *conn; /* NULL: closing */
  int fd, events;
};

typedef struct {
  uv_work_t req;
  PGcancel *cancel;
  dbconn *conn;
  unsigned epoch;
} cancel_work;

static int cancels; /* threads busy with PQcancel() */

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
  if (status < 0) { /* libuv stopped watching; libpq finds out what is wrong */
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
  if (p->fd < 0 || uv_poll_init(worker_loop(), &p->handle, p->fd) != 0) {
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

/* Notices are of no interest to a client, but worth a look while debugging; a loop that raises
 * thousands must not fill the log. */
static void on_notice(void *arg, const char *text) {
  static uint64_t second;
  static int n;
  (void)arg;
  uint64_t now = uv_now(worker_loop()) / 1000;
  if (now != second) {
    second = now;
    n = 0;
  }
  if (n++ < NOTICES_PER_S) log_fmt(LOG_DEBUG, "database: %.*s", (int)strcspn(text, "\n"), text);
}

static void connected(dbconn *c) {
  uv_timer_stop(&c->timer);
  if (PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg)) {
    dbconn_break(c, PQerrorMessage(c->pg));
    return;
  }
  PQsetNoticeProcessor(c->pg, on_notice, NULL);
  c->state = DBCONN_READY;
  c->failures = 0;
  if (dbconn_watch(c, UV_READABLE) < 0) {
    dbconn_break(c, "the socket cannot be watched");
    return;
  }
  c->hooks->ready(c);
}

static void advance(dbconn *c) {
  unwatch(c);
  int events = 0;
  switch (PQconnectPoll(c->pg)) {
    case PGRES_POLLING_READING: events = UV_READABLE; break;
    case PGRES_POLLING_WRITING: events = UV_WRITABLE; break;
    case PGRES_POLLING_OK: connected(c); return;
    default: dbconn_break(c, PQerrorMessage(c->pg)); return;
  }
  if (dbconn_watch(c, events) < 0) dbconn_break(c, "the socket cannot be watched");
}

static void on_address(void *arg, unsigned epoch, const char *failure) {
  dbconn *c = arg;
  if (c->state != DBCONN_RESOLVING || c->epoch != epoch) return;
  c->pg = failure ? NULL : dbaddr_connect();
  if (!c->pg || PQstatus(c->pg) == CONNECTION_BAD) {
    dbconn_break(c, failure ? failure : c->pg ? PQerrorMessage(c->pg) : "out of memory");
    return;
  }
  c->state = DBCONN_CONNECTING;
  /* "behave as if PQconnectPoll had returned PGRES_POLLING_WRITING" (libpq manual) */
  if (dbconn_watch(c, UV_WRITABLE) < 0) dbconn_break(c, "the socket cannot be watched");
}

static void begin(dbconn *c) {
  c->epoch++;
  c->state = DBCONN_RESOLVING;
  uint64_t limit = (uint64_t)conf_num("database.connect_timeout_ms");
  uv_timer_start(&c->timer, on_timer, limit, 0);
  dbaddr_resolve(c, c->epoch, on_address);
}

static void on_timer(uv_timer_t *t) {
  dbconn *c = t->data;
  if (c->state == DBCONN_WAITING) begin(c);
  else if (c->state != DBCONN_READY) dbconn_break(c, "timeout while connecting");
}

void dbconn_open(dbconn *c, const dbconn_hooks *hooks) {
  if (c->state != DBCONN_OFF) return;
  c->hooks = hooks;
  if (!c->timer_made) uv_timer_init(worker_loop(), &c->timer);
  c->timer_made = true;
  c->timer.data = c;
  begin(c);
}

/* ---- breaking -------------------------------------------------------------------------------- */

/* Twice as long after each failure, up to 2 s, and a random quarter off: the connections of all
 * workers should not come back at the same moment. */
static uint64_t pause_ms(const dbconn *c) {
  uint64_t ms = RETRY_MIN_MS;
  for (int i = 1; i < c->failures && ms < RETRY_MAX_MS; i++) ms *= 2;
  if (ms > RETRY_MAX_MS) ms = RETRY_MAX_MS;
  return ms - uv_hrtime() / 1000 % (ms / 4);
}

static void close_session(dbconn *c) {
  poll_close(c);
  PQfinish(c->pg);
  c->pg = NULL;
  c->epoch++;
  c->canceling = c->want_cancel = c->single_row = false;
  c->shared_now = c->dirty = c->resetting = false;
  c->cancel_at = 0;
  dbstmts_clear(&c->stmts);
  c->stmts.serial = 0;
}

static void fail_jobs(dbjobs *q, int status) {
  for (dbjob *j; (j = dbjobs_pop(q));) {
    dbjob_finish(j, status, NULL, 0);
    dbjob_free(j);
  }
}

void dbconn_break(dbconn *c, const char *why) {
  char text[256];
  if (c->state == DBCONN_OFF || c->state == DBCONN_WAITING) return;
  size_t n = strcspn(why, "\n");
  if (n >= sizeof text) n = sizeof text - 1;
  memcpy(text, why, n); /* it lives in what is closed next */
  text[n] = 0;
  close_session(c);
  c->state = DBCONN_WAITING;
  c->failures++;
  uv_timer_start(&c->timer, on_timer, pause_ms(c), 0);
  dbjobs flight = c->flight, pending = c->pending;
  c->flight = c->pending = (dbjobs){0};
  fail_jobs(&flight, HOST_EDOWN);
  fail_jobs(&pending, HOST_EDOWN);
  c->hooks->down(c, text);
}

void dbconn_stop(dbconn *c) {
  if (c->state == DBCONN_OFF) return;
  close_session(c);
  c->state = DBCONN_OFF;
  c->timer_made = false;
  uv_close((uv_handle_t *)&c->timer, NULL);
  for (dbjob *j; (j = dbjobs_pop(&c->flight));) dbjob_free(j);
  for (dbjob *j; (j = dbjobs_pop(&c->pending));) dbjob_free(j);
}

/* ---- cancelling ------------------------------------------------------------------------------ */

static void run_cancel(uv_work_t *req) {
  cancel_work *w = (cancel_work *)req;
  char why[256];
  PQcancel(w->cancel, why, sizeof why); /* should it fail, the drain limit closes the connection */
}

static void after_cancel(uv_work_t *req, int status) {
  cancel_work *w = (cancel_work *)req;
  (void)status;
  cancels--;
  PQfreeCancel(w->cancel);
  dbconn *c = w->conn;
  if (c->state == DBCONN_READY && c->epoch == w->epoch) {
    c->canceling = false;
    if (!c->flight.n) c->cancel_at = 0;
    dbflight_pump(c);
    if (c->state == DBCONN_READY) c->hooks->room(c);
  }
  free(w);
}

static bool start_cancel(dbconn *c) {
  if (cancels == CANCELS_MAX) return false;
  cancel_work *w = calloc(1, sizeof *w);
  if (!w) return false;
  w->conn = c;
  w->epoch = c->epoch;
  w->cancel = PQgetCancel(c->pg);
  if (!w->cancel || uv_queue_work(worker_loop(), &w->req, run_cancel, after_cancel) != 0) {
    PQfreeCancel(w->cancel);
    free(w);
    return false;
  }
  cancels++;
  return true;
}

void dbconn_cancel(dbconn *c) {
  if (c->state != DBCONN_READY || !c->flight.n || c->canceling) return;
  if (!c->cancel_at) c->cancel_at = uv_now(worker_loop());
  c->canceling = start_cancel(c);
  c->want_cancel = !c->canceling;
  for (dbjob *j = c->flight.first; j; j = j->next) j->suspect = true;
}
