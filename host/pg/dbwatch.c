/* SPDX-License-Identifier: MIT
 * dbwatch.c -- see dbwatch.h.
 *
 * Checks all connections twice a second.  Time is counted in checks, not by the clock: a worker
 * that was busy in Lua for seconds has not read the answers that have arrived.  Once a second one idle
 * connection is probed: does its server still answer and take writes?  Without an answer after a second,
 * all others are probed, to tell a dead session from a dead server.
 *
 * Owns the list of connections.  Must never: write, or wait. */
#include "pg/dbwatch.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/loop.h"
#include "core/shm.h"
#include "pg/dbflight.h"
#include "pg/dbsetup.h"
#include "pg/pool.h"

enum {
  LOOK_MS = 500,
  LOOKS_PROBE = 2,  /* between probes */
  LOOKS_DOUBT = 2,  /* no answer: probe the others */
  LOOKS_STUCK = 6,  /* no answer: close it */
  LOOKS_ROOM = 4,   /* between checks for room */
  LOOKS_IDLE = 2,   /* close an idle connection for migrations */
  FULL_MS = 5000,   /* after the last refusal for lack of disk space */
  CONNS_MAX = POOL_MAX + 2
};

static struct {
  dbconn *conn[CONNS_MAX];
  int n, next;
  uv_timer_t timer;
  bool started;
  unsigned looks;
  uint64_t full_until;
  char full_why[DBSERVER_WHY];
  int logged;
} watch;

/* ---- the state ------------------------------------------------------------------------------- */

static bool serves(const dbconn *c) { return dbconn_ready(c) && !c->aside; }

int dbwatch_ready(void) {
  int n = 0;
  for (int i = 0; i < watch.n; i++) n += serves(watch.conn[i]);
  return n;
}

int dbwatch_state(char *why, size_t n) {
  if (n) *why = 0;
  if (!watch.started) return HOST_DB_UNREACHABLE;
  if (dbwatch_ready()) {
    if (uv_now(loop_uv()) >= watch.full_until) return HOST_DB_UP;
    snprintf(why, n, "%s", watch.full_why);
    return HOST_DB_FULL;
  }
  int condition = dbserver_summary(why, n);
  for (int i = 0; condition == HOST_DB_UNKNOWN && i < watch.n; i++) {
    if (watch.conn[i]->aside || !*watch.conn[i]->why) continue;
    snprintf(why, n, "%s", watch.conn[i]->why);
    return HOST_DB_UNREACHABLE;
  }
  return condition;
}

void dbwatch_changed(void) {
  char why[2 * DBSERVER_WHY];
  int now = dbwatch_state(why, sizeof why);
  if (now == watch.logged || now == HOST_DB_UNKNOWN) return;
  watch.logged = now;
  if (now == HOST_DB_UP) log_fmt(LOG_INFO, "database: up");
  else log_fmt(LOG_ERROR, "database: %s: %s", dbserver_condition_name(now), why);
}

/* ---- reports --------------------------------------------------------------------------------- */

static bool is_any(const char *state, const char *const *list) {
  for (; *list; list++)
    if (!strcmp(state, *list)) return true;
  return false;
}

void dbwatch_met(dbconn *c, const char *sqlstate, const char *message) {
  static const char *const room[] = {"53100", "53200", NULL};
  static const char *const over[] = {"53100", "53200", "53300", "57P01", "57P02", "57P03", "58030", NULL};
  if (is_any(sqlstate, room)) {
    watch.full_until = uv_now(loop_uv()) + FULL_MS;
    snprintf(watch.full_why, sizeof watch.full_why, "%s", message);
    dbwatch_changed();
  }
  if (is_any(sqlstate, over)) c->retire = true;
  if (!strcmp(sqlstate, "25006")) c->doubt = true; /* maybe just a script's read-only transaction */
}

void dbwatch_condemn(dbserver *s, int condition, const char *why) {
  dbserver_note(s, condition, why);
  s->hung = condition == HOST_DB_STUCK;
  for (int i = 0; i < watch.n; i++)
    if (dbconn_ready(watch.conn[i]) && watch.conn[i]->server == s)
      dbconn_break(watch.conn[i], condition, why);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool is_free(const dbconn *c) { return dbconn_quiet(c) && !c->user && !c->resetting; }

static void silent(dbconn *c) {
  char name[80], why[DBSERVER_WHY];
  dbserver_name(c->server, name, sizeof name);
  snprintf(why, sizeof why, "%s has not answered for %d ms", name, LOOKS_STUCK * LOOK_MS);
  if (c->server->heard == c->probe_heard) dbwatch_condemn(c->server, HOST_DB_STUCK, why);
  else dbconn_break(c, 0, why);
}

static bool is_doubtful(void) {
  for (int i = 0; i < watch.n; i++)
    if (dbconn_ready(watch.conn[i]) && watch.conn[i]->probing &&
        watch.conn[i]->probe_ticks >= LOOKS_DOUBT)
      return true;
  return false;
}

/* Keeps the last one: closing it would gain nothing, and it can still read. */
static bool may_retire(const dbconn *c) { return c->aside || c->server->ready > 1; }

static void look_at(dbconn *c, bool ask) {
  if (!dbconn_ready(c)) return;
  if (c->probing) {
    if (++c->probe_ticks >= LOOKS_STUCK) silent(c);
    return;
  }
  if (!is_free(c)) return;
  if (c->retire && may_retire(c)) dbconn_break(c, 0, "closed because the server refused a statement");
  else if (ask || c->doubt) dbsetup_probe(c);
}

/* The next idle connection, round robin; -1: none. */
static int whose_turn(void) {
  for (int k = 0; k < watch.n; k++) {
    int i = (watch.next + k) % watch.n;
    if (!dbconn_ready(watch.conn[i]) || !is_free(watch.conn[i])) continue;
    watch.next = i + 1;
    return i;
  }
  return -1;
}

/* ---- disk space ------------------------------------------------------------------------------ */

static void on_room_end(dbconn *c, dbjob *j) {
  (void)c, (void)j; /* dbwatch_met() has seen any refusal */
}

/* Tests for space: a sort too large for its memory spills to disk, and leaves nothing there. */
static void ask_for_room(dbconn *c) {
  static const char *const steps[] = {
      "SELECT set_config('work_mem', '64kB', true)",
      "SELECT count(*) FROM (SELECT repeat(md5(i::text), 8) AS t FROM generate_series(1, 16384) i"
      " ORDER BY t OFFSET 0) s"};
  dbjob *j = dbjob_new();
  if (!j) return;
  j->unnamed = j->primed = true;
  j->on_end = on_room_end;
  if (dbjob_add(j, steps[0], strlen(steps[0])) || dbjob_add(j, steps[1], strlen(steps[1])))
    dbjob_free(j);
  else
    dbflight_post(c, j);
}

/* ---- sharing connections among workers ------------------------------------------------------- */

static bool waits(const dbconn *c) {
  return c->aside && c->crowded && c->state != DBCONN_READY && c->state != DBCONN_OFF;
}

static bool listener_waits(void) {
  for (int i = 0; i < watch.n; i++)
    if (waits(watch.conn[i])) return true;
  return false;
}

bool dbwatch_migration_waits(void) {
  for (int i = 0; i < watch.n; i++)
    if (watch.conn[i]->patient && waits(watch.conn[i])) return true;
  return false;
}

bool dbwatch_starved(void) {
  if (dbwatch_ready()) return false;
  for (int i = 0; i < watch.n; i++)
    if (watch.conn[i]->crowded) return true;
  return false;
}

/* If the server allows fewer connections than all workers want, no worker keeps two while another
 * has none, nor the pool two while LISTEN has none.  Migrations come first. */
static void share(void) {
  int ready = dbwatch_ready();
  bool migrating = dbwatch_migration_waits();
  shm_database(migrating ? 0 : ready, dbwatch_starved());
  bool wanted = ready > 1 && (listener_waits() || shm_database_starved());
  if (watch.looks % LOOKS_ROOM || !(wanted || (ready && migrating))) return;
  for (int i = watch.n - 1; i >= 0; i--) {
    dbconn *c = watch.conn[i];
    if (!serves(c) || !is_free(c)) continue;
    c->crowded = true; /* makes its pause longer */
    c->failures = 8;
    dbconn_break(c, 0, "given up for other workers");
    return;
  }
}

static void on_look(uv_timer_t *t) {
  (void)t;
  bool all = is_doubtful();
  int turn = ++watch.looks % LOOKS_PROBE ? -1 : whose_turn();
  for (int i = 0; i < watch.n; i++) look_at(watch.conn[i], all || i == turn);
  bool full = uv_now(loop_uv()) < watch.full_until;
  if (full && watch.looks % LOOKS_ROOM == 0 && (turn = whose_turn()) >= 0)
    ask_for_room(watch.conn[turn]);
  pool_close_idle_direct(LOOKS_IDLE);
  share();
  dbwatch_changed();
}

void dbwatch_add(dbconn *c) {
  for (int i = 0; i < watch.n; i++)
    if (watch.conn[i] == c) return;
  if (watch.n < CONNS_MAX) watch.conn[watch.n++] = c;
}

void dbwatch_start(void) {
  watch.started = true;
  watch.logged = HOST_DB_UNKNOWN;
  uv_timer_init(loop_uv(), &watch.timer);
  uv_timer_start(&watch.timer, on_look, LOOK_MS, LOOK_MS);
}

void dbwatch_stop(void) {
  if (!watch.started) return;
  watch.started = false;
  watch.n = watch.next = 0;
  watch.full_until = 0;
  shm_database(0, false);
  uv_close((uv_handle_t *)&watch.timer, NULL);
}
