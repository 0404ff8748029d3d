/* SPDX-License-Identifier: MIT
 * pool.c -- see pool.h.  Owns the connections, the queue of waiting statements, and all leases.
 * A lease that ends with work in progress leaves its connection "resetting": interrupted, drained, rolled
 * back, and only then leased again. */
#include "pg/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/shm.h"
#include "pg/dbcancel.h"
#include "pg/dbflight.h"
#include "pg/dbsetup.h"
#include "pg/dbwatch.h"

enum {
  TICK_MS = 20,
  DRAIN_MS = 1500, /* from a cancel request until the connection is idle, or else closed */
  SLOW_MS = 5,     /* a shared connection whose statement runs longer is avoided */
  SOFT_DEPTH = 8,  /* use one more shared connection when all are this deep: a few deep pipelines
                      wake fewer processes and are faster than many shallow ones */
  GRACE_MS = 1000, /* a statement's own limit is the server's plus this */
  DAY_MS = 86400000,
  DIRECT_MS = 60000, /* how long a migration waits when all connections are taken */
  RESETS_MAX = 2
};

static struct {
  dbconn conn[POOL_MAX], direct;
  dblease *direct_waiting;
  int direct_idle;
  int n;
  int up;                   /* 1, 0, or -1 before the first attempt has ended */
  dblease *waiting, *waiting_last, *held;
  int n_waiting, n_leased;
  dbjobs queue;
  uv_timer_t tick;
  bool ticking, started;
  uint64_t lease_ms, statement_ms;
  double statements, waits, wait_s;
} pool;

static void match(void);
static void settle(dbconn *c);

static uint64_t now_ms(void) { return uv_now(loop_uv()); }

int pool_state(void) { return pool.up; }

/* Counts a wait when it is over, however it ended. */
static void note_wait(double since) {
  pool.waits++;
  pool.wait_s += shm_clock() - since;
}

void pool_look(pool_numbers *out) {
  *out = (pool_numbers){.size = pool.n, .leased = pool.n_leased,
                        .waiting = pool.n_waiting + pool.queue.n, .statements = pool.statements,
                        .waits = pool.waits, .wait_s = pool.wait_s};
  for (int i = 0; i < pool.n; i++) {
    const dbconn *c = &pool.conn[i];
    if (!dbconn_ready(c) || c->user) continue;
    if (dbconn_depth(c) || c->resetting) out->busy++;
    else out->idle++;
  }
}

/* ---- choosing a connection ------------------------------------------------------------------- */

static bool is_free(const dbconn *c) {
  return dbconn_quiet(c) && !c->user && !c->resetting;
}

static dbconn *free_conn(void) {
  for (int i = pool.n - 1; i >= 0; i--)
    if (is_free(&pool.conn[i])) return &pool.conn[i];
  return NULL;
}

static bool is_shareable(const dbconn *c) {
  return dbconn_ready(c) && !c->user && !c->resetting && !c->canceling && !c->cancel_at;
}

/* Half of the connections are for single statements, all but one for transactions. */
static int shared_max(void) { return (dbwatch_ready() + 1) / 2; }

static int leased_max(void) {
  int ready = dbwatch_ready();
  return ready > 1 ? ready - 1 : ready;
}

/* How busy a shared connection is; one with a slow statement comes last. */
static int load_of(const dbconn *c) {
  int depth = dbconn_depth(c);
  bool slow = c->flight.first && now_ms() - c->flight.first->head_at > SLOW_MS;
  return slow ? depth + POOL_DEPTH : depth;
}

static dbconn *shared_conn(void) {
  dbconn *best = NULL, *idle = NULL;
  int busy = 0;
  for (int i = 0; i < pool.n; i++) {
    dbconn *c = &pool.conn[i];
    if (!is_shareable(c)) continue;
    if (!dbconn_depth(c)) {
      if (!idle) idle = c;
      continue;
    }
    busy++;
    if (dbconn_depth(c) < POOL_DEPTH && (!best || load_of(c) < load_of(best))) best = c;
  }
  if (idle && busy < shared_max() && (!best || load_of(best) >= SOFT_DEPTH)) return idle;
  return best;
}

/* ---- time ------------------------------------------------------------------------------------ */

static void on_tick(uv_timer_t *t);

static void need_tick(void) {
  if (pool.ticking) return;
  pool.ticking = true;
  uv_timer_start(&pool.tick, on_tick, TICK_MS, TICK_MS);
}

static uint64_t deadline_in(double seconds, uint64_t default_ms) {
  if (!(seconds > 0)) return now_ms() + default_ms;
  return now_ms() + (seconds * 1000 < DAY_MS ? (uint64_t)(seconds * 1000) + 1 : DAY_MS);
}

/* ---- leases ---------------------------------------------------------------------------------- */

static void wait_push(dblease *l) {
  l->prev = pool.waiting_last;
  if (l->prev) l->prev->next = l;
  else pool.waiting = l;
  pool.waiting_last = l;
  pool.n_waiting++;
}

static void wait_remove(dblease *l) {
  if (l->prev) l->prev->next = l->next;
  else pool.waiting = l->next;
  if (l->next) l->next->prev = l->prev;
  else pool.waiting_last = l->prev;
  l->next = l->prev = NULL;
  pool.n_waiting--;
}

static void hold_push(dblease *l) {
  l->next = pool.held;
  if (l->next) l->next->prev = l;
  pool.held = l;
}

static void hold_remove(dblease *l) {
  if (l->prev) l->prev->next = l->next;
  else pool.held = l->next;
  if (l->next) l->next->prev = l->prev;
  l->next = l->prev = NULL;
}

static void free_lease(dblease *l) {
  if (l->prefix) dbjob_free(l->prefix);
  free(l);
}

static void grant(dblease *l, dbconn *c) {
  if (l->direct) pool.direct_waiting = NULL;
  else wait_remove(l);
  if (l->asked > 0) note_wait(l->asked);
  hold_push(l);
  l->conn = c;
  c->user = l;
  pool.n_leased += !l->direct;
  c->shared_now = false;
  l->deadline = pool.lease_ms && !l->patient ? now_ms() + pool.lease_ms : UINT64_MAX;
  op_push(HOST_EV_DONE, 0, l->op.id, l->op.owner, NULL, 0);
}

static dbconn *detach(dblease *l) {
  dbconn *c = l->conn;
  if (!c) return NULL;
  l->conn = NULL;
  c->user = NULL;
  pool.n_leased -= !l->direct;
  return c;
}

static void refuse_waiting(dblease *l, int status) {
  if (l->asked > 0) note_wait(l->asked);
  if (l->direct) pool.direct_waiting = NULL;
  else wait_remove(l);
  op_done(&l->op, status, NULL, 0);
  free_lease(l);
}

/* Completes a lease's jobs with `status`; those not sent are dropped. */
static bool finish_jobs(dbconn *c, int status) {
  bool any = c->flight.n > 0;
  for (dbjob *j = c->flight.first; j; j = j->next) dbjob_finish(j, status, NULL, 0);
  for (dbjob *j; (j = dbjobs_pop(&c->pending));) {
    dbjob_finish(j, status, NULL, 0);
    dbjob_free(j);
  }
  return any;
}

/* Takes the connection from the lease and resets it for the next user. */
static void give_back(dblease *l, int status, bool broken) {
  dbconn *c = detach(l);
  if (!c) return;
  c->resetting = true;
  c->resets = 0;
  c->dirty = broken;
  if (finish_jobs(c, status)) {
    dbconn_cancel(c);
  } else if (!broken && l->prefix) {
    dbflight_post(c, l->prefix);
    l->prefix = NULL;
  }
  if (dbconn_ready(c)) settle(c);
}

static dbjob *reset_job(const dbconn *c) {
  static const char *const sql[] = {"ROLLBACK", "RESET ALL", "SELECT pg_advisory_unlock_all()",
                                    "UNLISTEN *"};
  enum { SESSION_RESETS = sizeof sql / sizeof *sql };
  dbjob *j = dbjob_new();
  if (!j) return NULL;
  int last = c->dirty && !dbsetup_pooled(c) ? SESSION_RESETS : 1; /* a pooler's session has none */
  for (int i = dbconn_in_tx(c) ? 0 : 1; i < last; i++)
    if (dbjob_add(j, sql[i], strlen(sql[i])) < 0) goto fail;
  if (last > 1 && dbsetup_again(c, j) < 0) goto fail;
  return j;
fail:
  dbjob_free(j);
  return NULL;
}

/* A connection between two users: drained?  Outside a transaction?  Then it is free. */
static void settle(dbconn *c) {
  if (!dbconn_quiet(c)) {
    need_tick();
    return;
  }
  if (dbconn_in_tx(c) || c->dirty) {
    dbjob *j = ++c->resets > RESETS_MAX ? NULL : reset_job(c);
    c->dirty = false;
    if (j) dbflight_post(c, j);
    else dbconn_break(c, 0, "a transaction cannot be rolled back");
    need_tick();
    return;
  }
  c->resetting = false;
  match();
}

static void lease_cancel(op *o) {
  dblease *l = (dblease *)o;
  if (!l->conn && !l->lost) {
    refuse_waiting(l, HOST_ECANCELED);
    return;
  }
  pool_release(l, 1); /* its DONE was sent when the lease was granted */
}

static host_id new_lease(host_id owner, dblease **out) {
  dblease *l = calloc(1, sizeof *l);
  host_id id = l ? op_open(&l->op, OP_LEASE, owner, lease_cancel) : HOST_EFULL;
  if (id < 0) free(l);
  *out = l;
  return id;
}

host_id pool_acquire(host_id owner, double timeout_s) {
  if (!pool.up) return HOST_EDOWN;
  if (pool.n_waiting >= POOL_LEASE_QUEUE) return HOST_EFULL;
  dblease *l;
  host_id id = new_lease(owner, &l);
  if (id < 0) return id;
  l->deadline = deadline_in(timeout_s, pool.statement_ms);
  wait_push(l);
  need_tick();
  match();
  if (!l->conn) l->asked = shm_clock();
  return id;
}

/* Makes up to n connections that wait for their next attempt retry now. */
static void nudge_pool(int n) {
  for (int i = 0; n > 0 && i < pool.n; i++) {
    if (pool.conn[i].state != DBCONN_WAITING) continue;
    dbconn_nudge(&pool.conn[i]);
    n--;
  }
}

static void on_direct_ready(dbconn *c) {
  if (pool.direct_waiting) grant(pool.direct_waiting, c);
}

static void on_direct_down(dbconn *c, const char *why) {
  dblease *l = c->user;
  if (l) {
    detach(l);
    l->lost = HOST_EDOWN;
  }
  /* If all are taken, dbwatch.c makes the pool give one up: keep waiting for a while. */
  if (pool.direct_waiting && !(c->crowded && now_ms() < pool.direct_waiting->deadline)) {
    log_fmt(LOG_WARN, "database: no connection for migrations: %s", why);
    refuse_waiting(pool.direct_waiting, HOST_EDOWN);
  }
  dbwatch_changed();
}

static void on_direct_room(dbconn *c) {
  if (c->resetting) settle(c);
  else match();
}

/* A lease of the pool that lifts the server's timeouts; its release restores them. */
static host_id acquire_patient(host_id owner) {
  char sql[160];
  int n = snprintf(sql, sizeof sql, "SELECT set_config('statement_timeout', '%.0f', false),"
                   " set_config('idle_in_transaction_session_timeout', '0', false)",
                   conf_num("database.migrate_timeout_ms"));
  host_id id = pool_acquire(owner, DIRECT_MS / 1000.0);
  dblease *l = id > 0 ? (dblease *)op_find(id, OP_LEASE) : NULL;
  if (!l) return id;
  l->patient = true;
  if (l->conn) l->deadline = UINT64_MAX;
  l->prefix = dbjob_new();
  if (l->prefix && dbjob_add(l->prefix, sql, (size_t)n) == 0) return id;
  pool_release(l, 0);
  return HOST_EFULL;
}

host_id pool_acquire_direct(host_id owner) {
  static const dbconn_hooks hooks = {.ready = on_direct_ready, .down = on_direct_down,
                                     .room = on_direct_room, .again = dbflight_post};
  if (!*conf_str("database.direct_url")) return acquire_patient(owner);
  if (pool.direct_waiting || pool.direct.user) return HOST_EFULL;
  dblease *l;
  host_id id = new_lease(owner, &l);
  if (id < 0) return id;
  l->direct = l->patient = true;
  l->deadline = now_ms() + DIRECT_MS; /* for on_direct_down() */
  pool.direct_waiting = l;
  pool.direct_idle = 0;
  if (pool.direct.state == DBCONN_OFF) dbconn_open(&pool.direct, &hooks);
  else if (is_free(&pool.direct)) grant(l, &pool.direct);
  else dbconn_nudge(&pool.direct);
  return id;
}

/* Also stops trying to connect: nobody wants it now. */
void pool_close_idle_direct(int looks) {
  dbconn *c = &pool.direct;
  bool used = c->user || pool.direct_waiting || c->resetting || dbconn_depth(c);
  if (c->state == DBCONN_OFF || used) pool.direct_idle = 0;
  else if (++pool.direct_idle >= looks) dbconn_pause(c), nudge_pool(1);
}

int pool_release(dblease *l, int broken) {
  op_close(&l->op);
  hold_remove(l);
  give_back(l, HOST_ECANCELED, broken != 0 || (l->patient && !l->direct));
  free_lease(l);
  return 0;
}

static void lose(dblease *l) {
  log_fmt(LOG_WARN, "database: a transaction was held longer than database.lease_timeout_ms "
          "(%d ms); it is rolled back", (int)pool.lease_ms);
  l->lost = HOST_ETIMEOUT;
  give_back(l, HOST_ETIMEOUT, true);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void send_shared(dbconn *c, dbjob *j) {
  c->shared_now = true;
  if (j->queued > 0) note_wait(j->queued);
  j->queued = 0;
  dbflight_post(c, j);
}

static void match(void) {
  if (pool.direct_waiting && is_free(&pool.direct)) grant(pool.direct_waiting, &pool.direct);
  while (pool.waiting && pool.n_leased < leased_max()) {
    dbconn *c = free_conn();
    if (!c) break;
    grant(pool.waiting, c);
  }
  while (pool.queue.n) {
    if (!dbjob_open(pool.queue.first)) {
      dbjob_free(dbjobs_pop(&pool.queue));
      continue;
    }
    dbconn *c = shared_conn();
    if (!c) break;
    send_shared(c, dbjobs_pop(&pool.queue));
  }
}

void pool_job_cancel(op *o) {
  dbjob *j = (dbjob *)o;
  dbconn *c = j->conn;
  bool running = c && c->flight.first == j;
  dbjob_finish(j, HOST_ECANCELED, NULL, 0);
  if (running) dbconn_cancel(c);
}

int pool_admits(const dblease *l) {
  if (!l) return pool.up ? pool.queue.n < POOL_QUEUE ? 0 : HOST_EFULL : HOST_EDOWN;
  if (l->lost) return l->lost;
  if (!l->conn) return HOST_EINVAL;
  return dbconn_depth(l->conn) < POOL_LEASE_JOBS ? 0 : HOST_EFULL;
}

void pool_submit(dbjob *j, dblease *l, double timeout_s) {
  j->deadline = l && l->patient ? UINT64_MAX : deadline_in(timeout_s, pool.statement_ms);
  pool.statements++;
  need_tick();
  if (l) {
    dbflight_post(l->conn, j);
    return;
  }
  dbconn *c = pool.queue.n ? NULL : shared_conn();
  if (c) {
    send_shared(c, j);
    return;
  }
  j->queued = shm_clock();
  dbjobs_push(&pool.queue, j);
}

/* ---- the tick: deadlines --------------------------------------------------------------------- */

static void check_jobs(dbjobs *q, uint64_t now) {
  for (dbjob *j = q->first; j; j = j->next)
    if (dbjob_open(j) && now >= j->deadline) dbjob_finish(j, HOST_ETIMEOUT, NULL, 0);
}

/* Its server has ignored even a cancel request. */
static void no_end(dbconn *c) {
  char name[80], why[DBSERVER_WHY];
  dbserver_name(c->server, name, sizeof name);
  snprintf(why, sizeof why, "%s neither answered a statement nor ended it", name);
  dbconn_break(c, HOST_DB_STUCK, why);
}

/* Interrupts a statement that nobody waits for once it is at the head and has run for a tick. */
static void check_conn(dbconn *c, uint64_t now) {
  check_jobs(&c->flight, now);
  check_jobs(&c->pending, now);
  dbjob *head = c->flight.first;
  if (c->cancel_at && now - c->cancel_at > DRAIN_MS) {
    no_end(c);
    return;
  }
  bool abandoned = head && head->wanted && !dbjob_open(head) && now - head->head_at >= TICK_MS;
  if (c->want_cancel || (abandoned && !c->cancel_at)) dbconn_cancel(c);
  if (c->resetting) settle(c);
}

static bool check_leases(uint64_t now) {
  for (dblease *l = pool.waiting, *next; l; l = next) {
    next = l->next;
    if (now >= l->deadline) refuse_waiting(l, HOST_ETIMEOUT);
  }
  for (dblease *l = pool.held; l; l = l->next)
    if (l->conn && now >= l->deadline) lose(l);
  return pool.waiting || pool.held;
}

static void on_tick(uv_timer_t *t) {
  uint64_t now = now_ms();
  bool busy = check_leases(now);
  check_jobs(&pool.queue, now);
  for (int i = 0; i <= pool.n; i++) {
    dbconn *c = i < pool.n ? &pool.conn[i] : &pool.direct;
    if (!dbconn_ready(c)) continue;
    check_conn(c, now);
    busy = busy || dbconn_depth(c) || c->canceling || c->resetting || c->want_cancel;
  }
  match();
  if (busy || pool.queue.n) return;
  uv_timer_stop(t);
  pool.ticking = false;
}

/* ---- hooks of connections -------------------------------------------------------------------- */

static void set_up(int up) {
  if (pool.up == up) return;
  pool.up = up;
  op_push(HOST_EV_DB, up, 0, 0, NULL, 0);
}

/* Once one has found a working server, the others retry at once. */
static void on_ready(dbconn *c) {
  (void)c;
  bool first = pool.up != 1;
  set_up(1);
  dbwatch_changed();
  if (first) nudge_pool(pool.n);
  match();
}

static void refuse_all(void) {
  while (pool.waiting) refuse_waiting(pool.waiting, HOST_EDOWN);
  for (dbjob *j; (j = dbjobs_pop(&pool.queue));) {
    dbjob_finish(j, HOST_EDOWN, NULL, 0);
    dbjob_free(j);
  }
}

static void on_down(dbconn *c, const char *why) {
  dblease *l = c->user;
  if (l) {
    detach(l);
    l->lost = HOST_EDOWN;
  }
  (void)why; /* dbwatch.c reports it */
  if (dbwatch_ready()) return;
  set_up(0);
  dbwatch_changed();
  refuse_all();
}

static void on_room(dbconn *c) {
  if (c->resetting) settle(c);
  else if (pool.waiting || pool.queue.n) match();
}

static void on_again(dbconn *c, dbjob *j) {
  if (!c->shared_now) {
    dbflight_post(c, j);
    return;
  }
  dbjobs_push_front(&pool.queue, j);
  match();
}

int pool_init(void) {
  static const dbconn_hooks hooks = {
      .ready = on_ready, .down = on_down, .room = on_room, .again = on_again};
  int n = (int)conf_num("database.pool");
  pool.n = n < 2 ? 2 : n > POOL_MAX ? POOL_MAX : n;
  pool.lease_ms = (uint64_t)conf_num("database.lease_timeout_ms");
  pool.statement_ms = (uint64_t)conf_num("database.statement_timeout_ms");
  pool.statement_ms = pool.statement_ms ? pool.statement_ms + GRACE_MS : DAY_MS;
  pool.up = -1;
  pool.started = true;
  uv_timer_init(loop_uv(), &pool.tick);
  dbwatch_start();
  pool.direct.route = DBADDR_DIRECT;
  pool.direct.patient = pool.direct.aside = true;
  for (int i = 0; i < pool.n; i++) dbconn_open(&pool.conn[i], &hooks);
  return 0;
}

void pool_stop(void) {
  if (!pool.started) return;
  pool.started = false;
  pool.up = 0;
  for (int i = 0; i < pool.n; i++) {
    pool.conn[i].user = NULL;
    dbconn_stop(&pool.conn[i]);
  }
  pool.direct.user = NULL;
  dbconn_stop(&pool.direct);
  for (dbjob *j; (j = dbjobs_pop(&pool.queue));) dbjob_free(j);
  if (pool.direct_waiting) {
    op_close(&pool.direct_waiting->op);
    free_lease(pool.direct_waiting);
    pool.direct_waiting = NULL;
  }
  while (pool.waiting) {
    dblease *l = pool.waiting;
    wait_remove(l);
    op_close(&l->op);
    free_lease(l);
  }
  while (pool.held) {
    dblease *l = pool.held;
    hold_remove(l);
    op_close(&l->op);
    free_lease(l);
  }
  uv_close((uv_handle_t *)&pool.tick, NULL);
  dbwatch_stop();
  dbcancel_stop();
}
