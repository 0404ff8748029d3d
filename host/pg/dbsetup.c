/* SPDX-License-Identifier: MIT
 * dbsetup.c -- see dbsetup.h.
 *
 * The settings that dbrow.c relies on (dates in ISO and UTC, bytes in hex ..) must hold
 * in every session, and a pooler may hand out one that another client has changed.  So
 * they are set by statements, not by the startup packet's `options`, and read back in
 * the same round trip; a mismatch refuses the session. With a transaction pooler no
 * setting outlives a transaction, so each transaction begins with the same settings,
 * local to it.  Must never use a named statement: those belong to dbflight.c. */
#include "pg/dbsetup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/loop.h"
#include "pg/dbflight.h"
#include "pg/dbwatch.h"

enum { SQL_MAX = 4096, PATH_MAX_BYTES = 1024 };

/* `value` is set and must be read back, at least its first `prefix` bytes.  jit: none of our
 * statements runs for as long as PostgreSQL takes to compile one. */
static const struct { const char *name, *value; size_t prefix; } settings[] = {
    {"DateStyle", "ISO, MDY", 3},  {"TimeZone", "UTC", 0},      {"IntervalStyle", "postgres", 0},
    {"bytea_output", "hex", 0},    {"extra_float_digits", "1", 0},
    {"standard_conforming_strings", "on", 0}, {"client_encoding", "UTF8", 0},
    {"client_min_messages", "warning", 0}, {"jit", "off", 0}};
enum { SETTINGS = sizeof settings / sizeof *settings };
enum { COL_RECOVERY = SETTINGS, COL_READ_ONLY, COL_ENCODING, COL_DATABASE, COL_PATH, COLUMNS };

static struct {
  char text[SQL_MAX], path[PATH_MAX_BYTES];
  uint64_t swapped_at; /* when another session answered in place of ours; 0: never */
} setup;

static const char mark[] = "human.session";
static const char swapped[] = "a pooler by transactions stands in between: set database.pooler to "
                              "\"transaction\" and database.direct_url to the way past it";
static const uint64_t SWAPPED_MS = 60000; /* after that the configuration may have changed */

bool dbsetup_pooled(const dbconn *c) {
  return c->route == DBADDR_MAIN && !strcmp(conf_str("database.pooler"), "transaction");
}

static bool is_swapped(const dbconn *c) {
  bool applies = c->route == DBADDR_MAIN && !dbsetup_pooled(c) && setup.swapped_at;
  return applies && uv_now(loop_uv()) - setup.swapped_at < SWAPPED_MS;
}

/* ---- the texts ------------------------------------------------------------------------------- */

static double statement_ms(const dbconn *c) {
  return c->patient ? conf_num("database.migrate_timeout_ms") : conf_num("database.statement_timeout_ms");
}

/* Five seconds more than a lease, so that the pool's own limit applies first. */
static double idle_ms(const dbconn *c) {
  return c->patient ? 0 : conf_num("database.lease_timeout_ms") + 5000;
}

static int put_settings(const dbconn *c, char *out, size_t n, const char *local) {
  int at = snprintf(out, n, "SELECT set_config('statement_timeout', '%.0f', %s),"
                    " set_config('idle_in_transaction_session_timeout', '%.0f', %s)",
                    statement_ms(c), local, idle_ms(c), local);
  for (size_t i = 0; i < SETTINGS; i++)
    at += snprintf(out + at, n - (size_t)at, ", set_config('%s', '%s', %s)", settings[i].name,
                   settings[i].value, local);
  return at;
}

/* Settings for each transaction behind a pooler: another client may have left its search_path. */
static void put_local(const dbconn *c) {
  char *path = PQescapeLiteral(c->pg, setup.path, strlen(setup.path));
  int at = put_settings(c, setup.text, sizeof setup.text, "true");
  if (path && *setup.path)
    snprintf(setup.text + at, sizeof setup.text - (size_t)at, ", set_config('search_path', %s, true)",
             path);
  PQfreemem(path);
}

const char *dbsetup_local(void) { return setup.text; }

static void make_mark(dbconn *c) {
  snprintf(c->mark, sizeof c->mark, "%x-%x-%llx", (unsigned)getpid(), c->epoch,
           (unsigned long long)uv_hrtime());
}

static void put_session(const dbconn *c, char *out, size_t n) {
  bool pooled = dbsetup_pooled(c);
  int at = put_settings(c, out, n, pooled ? "true" : "false");
  if (!pooled) snprintf(out + at, n - (size_t)at, ", set_config('%s', '%s', false)", mark, c->mark);
}

int dbsetup_again(const dbconn *c, dbjob *j) {
  char set[SQL_MAX];
  put_session(c, set, sizeof set);
  return dbjob_add(j, set, strlen(set));
}

static void put_verify(const dbconn *c, char *out, size_t n) {
  int at = snprintf(out, n, "SELECT ");
  for (size_t i = 0; i < SETTINGS; i++)
    at += snprintf(out + at, n - (size_t)at, "current_setting('%s'), ", settings[i].name);
  snprintf(out + at, n - (size_t)at,
           "pg_is_in_recovery(), current_setting('transaction_read_only'),"
           " current_setting('server_encoding'), current_database(), %s",
           dbsetup_pooled(c) ? "(SELECT reset_val FROM pg_settings WHERE name = 'search_path')" : "''");
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void refuse(dbconn *c, int condition, const char *text) {
  if (c->verdict) return;
  c->verdict = condition;
  snprintf(c->verdict_why, sizeof c->verdict_why, "%s", text);
}

static void judge_writes(dbconn *c, const char *recovery, const char *read_only) {
  char name[80], text[DBSERVER_WHY];
  dbserver_name(c->server, name, sizeof name);
  if (*recovery == 't') snprintf(text, sizeof text, "%s is a standby and takes no writes", name);
  else snprintf(text, sizeof text, "%s takes no writes (default_transaction_read_only is on)", name);
  if (*recovery == 't' || !strcmp(read_only, "on")) refuse(c, HOST_DB_READ_ONLY, text);
}

static void judge_setting(dbconn *c, size_t i, const char *value) {
  char text[DBSERVER_WHY];
  size_t n = settings[i].prefix ? settings[i].prefix : strlen(settings[i].value) + 1;
  if (!strncmp(value, settings[i].value, n)) return;
  snprintf(text, sizeof text,
           "the setting %s is \"%.40s\" although it was set to \"%s\": a pooler in between does not keep it",
           settings[i].name, value, settings[i].value);
  refuse(c, HOST_DB_REFUSED, text);
}

static void judge_encoding(dbconn *c, const char *encoding, const char *database) {
  char text[DBSERVER_WHY];
  if (!strcmp(encoding, "UTF8")) return;
  snprintf(text, sizeof text,
           "the database \"%.63s\" is encoded in %s and must be in UTF8: CREATE DATABASE .. ENCODING 'UTF8'"
           " TEMPLATE template0 makes one", database, encoding);
  refuse(c, HOST_DB_REFUSED, text);
}

static void on_verified(dbconn *c, const PGresult *r) {
  if (PQnfields(r) != COLUMNS) return;
  if (is_swapped(c)) refuse(c, HOST_DB_REFUSED, swapped);
  for (size_t i = 0; i < SETTINGS; i++) judge_setting(c, i, PQgetvalue(r, 0, (int)i));
  judge_encoding(c, PQgetvalue(r, 0, COL_ENCODING), PQgetvalue(r, 0, COL_DATABASE));
  judge_writes(c, PQgetvalue(r, 0, COL_RECOVERY), PQgetvalue(r, 0, COL_READ_ONLY));
  if (!dbsetup_pooled(c)) return;
  snprintf(setup.path, sizeof setup.path, "%s", PQgetvalue(r, 0, COL_PATH));
  put_local(c);
}

static void on_setup_end(dbconn *c, dbjob *j) {
  char why[DBSERVER_WHY];
  if (j->failed)
    snprintf(why, sizeof why, "the session cannot be set up: SQLSTATE %s: %s", j->sqlstate, j->why);
  else if (c->verdict)
    snprintf(why, sizeof why, "%s", c->verdict_why);
  if (j->failed || c->verdict) dbconn_give_up(c, j->failed ? HOST_DB_REFUSED : c->verdict, why);
  else dbconn_accept(c);
}

static dbjob *job(void (*on_row)(dbconn *, const PGresult *), void (*on_end)(dbconn *, dbjob *)) {
  dbjob *j = dbjob_new();
  if (!j) return NULL;
  j->unnamed = j->primed = true;
  j->on_row = on_row;
  j->on_end = on_end;
  return j;
}

void dbsetup_begin(dbconn *c) {
  char set[SQL_MAX], verify[SQL_MAX];
  make_mark(c);
  put_session(c, set, sizeof set);
  put_verify(c, verify, sizeof verify);
  c->verdict = 0;
  dbjob *j = job(on_verified, on_setup_end);
  if (j && dbjob_add(j, set, strlen(set)) == 0 && dbjob_add(j, verify, strlen(verify)) == 0) {
    dbflight_post(c, j);
    return;
  }
  if (j) dbjob_free(j);
  dbconn_give_up(c, 0, "out of memory");
}

/* ---- probes ---------------------------------------------------------------------------------- */

void dbsetup_swapped(dbconn *c) {
  if (dbsetup_pooled(c)) return;
  setup.swapped_at = uv_now(loop_uv());
  c->doubt = true;
}

static void on_probe_row(dbconn *c, const PGresult *r) {
  judge_writes(c, PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1));
  if (dbsetup_pooled(c)) return;
  if (strcmp(PQgetvalue(r, 0, 2), c->mark) != 0) dbsetup_swapped(c);
  if (is_swapped(c)) refuse(c, HOST_DB_REFUSED, swapped);
}

static void on_probe_end(dbconn *c, dbjob *j) {
  char why[DBSERVER_WHY];
  c->probing = false;
  if (j->failed || !c->verdict) return;
  snprintf(why, sizeof why, "%s", c->verdict_why);
  dbwatch_condemn(c->server, c->verdict, why);
}

void dbsetup_probe(dbconn *c) {
  static const char text[] = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only'),"
                             " coalesce(current_setting('human.session', true), '')";
  dbjob *j = job(on_probe_row, on_probe_end);
  if (!j) return;
  if (dbjob_add(j, text, sizeof text - 1) < 0) {
    dbjob_free(j);
    return;
  }
  c->verdict = 0;
  c->probing = true;
  c->probe_ticks = 0;
  c->probe_heard = c->server->heard;
  c->doubt = false;
  dbflight_post(c, j);
}
