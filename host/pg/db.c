/* SPDX-License-Identifier: MIT
 * db.c -- PostgreSQL for Lua: leases, statements, notifications.
 *
 * Owns the listening connection and its channels; everything else is the pool's.  Nothing here
 * blocks: a call either fails at once or starts work whose DONE comes later. */
#include "pg/db.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/log.h"
#include "core/pack.h"
#include "core/shm.h"
#include "pg/dbaddr.h"
#include "pg/dbflight.h"
#include "pg/dbwatch.h"
#include "pg/pool.h"

enum { CHANNELS_MAX = 32, CHANNEL_BYTES = 63 };

static struct {
  dbconn conn;
  char channel[CHANNELS_MAX][CHANNEL_BYTES + 1];
  int n, announced; /* channels; those whose LISTEN has completed */
  bool configured;
} listener;

/* ---- statements ------------------------------------------------------------------------------ */

/* Transaction control and session settings would affect the statements of others. */
static bool needs_lease(const host_str *sql) {
  static const char *const words[] = {"begin",   "start",     "commit",  "end",      "rollback",
                                      "abort",   "savepoint", "release", "prepare",  "set",
                                      "reset",   "discard",   "listen",  "unlisten", "declare",
                                      "fetch",   "close",     "lock",    "deallocate"};
  size_t i = 0;
  while (i < sql->n && isspace((unsigned char)sql->p[i])) i++;
  size_t n = 0;
  while (i + n < sql->n && isalpha((unsigned char)sql->p[i + n])) n++;
  for (size_t w = 0; w < sizeof words / sizeof *words; w++)
    if (strlen(words[w]) == n && strncasecmp(words[w], sql->p + i, n) == 0) return true;
  return false;
}

host_id host_db_acquire(host_id owner, double timeout_s) {
  return listener.configured ? pool_acquire(owner, timeout_s) : HOST_EDOWN;
}

/* Statements that were held back for this query precede it in the same round trip. */
static dbjob *job_for(dblease *l) {
  dbjob *j = l ? l->prefix : NULL;
  if (!j) return dbjob_new();
  l->prefix = NULL;
  return j;
}

/* A BEGIN that was held back for the query must survive if the query is refused. */
static void drop_job(dblease *l, dbjob *j) {
  if (l && j->steps) l->prefix = j;
  else dbjob_free(j);
}

host_id host_db_query(host_id owner, host_id lease, host_str *sql, host_str *params,
                      double timeout_s) {
  dblease *l = lease ? (dblease *)op_find(lease, OP_LEASE) : NULL;
  if (lease && !l) return HOST_EGONE;
  if (!listener.configured) return HOST_EDOWN;
  if (!lease && needs_lease(sql)) return HOST_EINVAL;
  int e = pool_admits(l);
  if (e < 0) return e;
  dbjob *j = job_for(l);
  if (!j) return HOST_EFULL;
  e = dbjob_query(j, sql, params, owner, pool_job_cancel);
  if (e < 0) {
    drop_job(l, j);
    return e;
  }
  pool_submit(j, l, timeout_s);
  return e;
}

int host_db_simple(host_id lease, host_str *sql) {
  dblease *l = (dblease *)op_find(lease, OP_LEASE);
  if (!l) return HOST_EGONE;
  if (l->lost) return l->lost;
  if (sql->n == 0 || sql->n > DBJOB_SQL_MAX || memchr(sql->p, 0, sql->n)) return HOST_EINVAL;
  if (!l->prefix) l->prefix = dbjob_new();
  if (!l->prefix || l->prefix->steps == POOL_SIMPLES) return HOST_EFULL;
  return dbjob_add(l->prefix, sql->p, sql->n);
}

int host_db_release(host_id lease, int broken) {
  dblease *l = (dblease *)op_find(lease, OP_LEASE);
  return l ? pool_release(l, broken) : HOST_EGONE;
}

host_id host_db_acquire_direct(host_id owner) {
  return listener.configured ? pool_acquire_direct(owner) : HOST_EDOWN;
}

int host_db_state(host_str *out) {
  static char why[2 * DBSERVER_WHY];
  int state = HOST_DB_UNREACHABLE;
  snprintf(why, sizeof why, "no database is configured");
  if (listener.configured) state = dbwatch_state(why, sizeof why);
  *out = (host_str){why, (uint32_t)strlen(why)};
  return state;
}

int host_db_sibling(void) {
  int i = dbwatch_starved() || dbwatch_migration_waits() ? shm_database_sibling() : -1;
  return i < 0 ? HOST_EDOWN : i;
}

int host_db_up(void) { return listener.configured && pool_state() == 1; }

/* ---- LISTEN ---------------------------------------------------------------------------------- */

static void push_notify(int status, const char *channel, const char *payload) {
  buf b;
  buf_init(&b, 0);
  if (pack_map(&b, 2) < 0 || pack_z(&b, "channel") < 0 || pack_z(&b, channel) < 0 ||
      pack_z(&b, "payload") < 0 || pack_z(&b, payload) < 0)
    buf_free(&b), op_missed();
  else if (op_push_own(HOST_EV_NOTIFY, status, 0, 0, b.p, b.n) < 0)
    op_missed();
}

static void send_listen(const char *channel) {
  char *quoted = PQescapeIdentifier(listener.conn.pg, channel, strlen(channel));
  buf sql;
  buf_init(&sql, 0);
  dbjob *j = dbjob_new();
  if (quoted && j && buf_fmt(&sql, "LISTEN %s", quoted) == 0 && dbjob_add(j, sql.p, sql.n) == 0)
    dbflight_post(&listener.conn, j);
  else if (j)
    dbjob_free(j);
  buf_free(&sql);
  PQfreemem(quoted);
}

static void on_ready(dbconn *c) {
  listener.announced = 0;
  for (int i = 0; i < listener.n && dbconn_ready(c); i++) send_listen(listener.channel[i]);
}

/* The pool reports that the server is down; here it only means that notifications are lost. */
static void on_down(dbconn *c, const char *why) {
  if (c->failures == 1) log_fmt(LOG_WARN, "database: the listening connection is lost: %s", why);
}

/* All LISTENs have completed.  Earlier notifications may be lost: status 1 says so. */
static void on_room(dbconn *c) {
  if (!dbconn_quiet(c)) return;
  for (; listener.announced < listener.n; listener.announced++)
    push_notify(1, listener.channel[listener.announced], "");
}

static void on_again(dbconn *c, dbjob *j) { dbflight_post(c, j); }

static void on_notify(dbconn *c, const PGnotify *n) {
  (void)c;
  push_notify(0, n->relname, n->extra);
}

int host_db_listen(host_str *channel) {
  static const dbconn_hooks hooks = {.ready = on_ready, .down = on_down, .room = on_room,
                                     .again = on_again, .notify = on_notify};
  if (channel->n == 0 || channel->n > CHANNEL_BYTES || memchr(channel->p, 0, channel->n))
    return HOST_EINVAL;
  if (!listener.configured) return HOST_EDOWN;
  for (int i = 0; i < listener.n; i++)
    if (strlen(listener.channel[i]) == channel->n &&
        memcmp(listener.channel[i], channel->p, channel->n) == 0)
      return 0;
  if (listener.n == CHANNELS_MAX) return HOST_EFULL;
  memcpy(listener.channel[listener.n], channel->p, channel->n);
  listener.channel[listener.n++][channel->n] = 0;
  listener.conn.route = DBADDR_DIRECT;
  listener.conn.aside = true;
  if (listener.conn.state == DBCONN_OFF) dbconn_open(&listener.conn, &hooks);
  else if (dbconn_ready(&listener.conn)) send_listen(listener.channel[listener.n - 1]);
  return 0;
}

/* ---- start and stop -------------------------------------------------------------------------- */

int db_init(void) {
  if (dbaddr_init() < 0) {
    op_push(HOST_EV_DB, 0, 0, 0, NULL, 0);
    return 0;
  }
  listener.configured = true;
  return pool_init();
}

void db_stop(void) {
  if (!listener.configured) return;
  listener.configured = false;
  listener.n = listener.announced = 0;
  dbconn_stop(&listener.conn);
  pool_stop();
  dbflight_stop();
  dbaddr_stop();
}
