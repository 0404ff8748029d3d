/* SPDX-License-Identifier: MIT
 * dbflight.c -- sending jobs in pipeline mode and reading their answers (see dbconn.h).
 *
 * A job is one pipeline segment: for each step Parse (unless the text is already prepared), Bind,
 * Describe, Execute; then one Sync.  An error skips only the rest of the segment.  Rows
 * are read one by one, so that a result over the limit is detected while it arrives.
 *
 * Posted jobs are sent at the end of the current loop turn.  Jobs of one transaction that are
 * sent together share a segment, since the server writes to its socket, and wakes us, at each Sync.
 * After an error the server would refuse the rest of such a transaction anyway.
 *
 * Must never touch c->pg after dbconn_lost(): callers compare c->epoch. */
#include "pg/dbflight.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/log.h"
#include "core/loop.h"
#include "pg/dbsetup.h"
#include "pg/dbwatch.h"

enum { PREPARE_MAX = 32 << 10, ENDS_MAX = 4 };

static const char query_canceled[] = "57014";

static unsigned plans_changed; /* counts statements outdated by a changed table, on any connection */

static struct {
  uv_prepare_t handle;
  bool made;
  dbconn *posted;
} turn;

/* ---- sending --------------------------------------------------------------------------------- */

static bool send_parse(dbconn *c, dbjob *j, dbstep *s, const char *name) {
  s->preparing = true;
  return PQsendPrepare(c->pg, name, j->text.p + s->at, 0, NULL);
}

/* Prepares a text the first time it is seen.  A very long one, or one
 * for which there is no memory, is sent as the unnamed statement. */
static bool send_step(dbconn *c, dbjob *j, dbstep *s, bool last) {
  const char *sql = j->text.p + s->at;
  bool with_params = last && j->wanted;
  int n = with_params ? j->nparams : 0;
  const char *const *values = n ? j->params : NULL;
  bool unnamed = j->unnamed || dbsetup_pooled(c);
  s->serial = unnamed ? 0 : dbstmts_find(&c->stmts, sql, s->len, s->hash);
  bool known = s->serial != 0;
  if (!known && !unnamed && s->len <= PREPARE_MAX)
    s->serial = dbstmts_add(&c->stmts, sql, s->len, s->hash);
  if (!s->serial) return PQsendQueryParams(c->pg, sql, n, NULL, values, NULL, NULL, 0);
  char name[DBSTMT_NAME];
  dbstmt_name(s->serial, name);
  if (!known && !send_parse(c, j, s, name)) return false;
  return PQsendQueryPrepared(c->pg, name, n, values, NULL, NULL, 0);
}

static void in_flight(dbconn *c, dbjob *j) {
  j->sent = true;
  j->head_at = uv_now(loop_uv());
  dbjobs_push(&c->flight, j);
}

static bool is_begin(const dbjob *j) {
  const char *sql = j->text.p + j->step[0].at;
  return !strncasecmp(sql, "begin", 5) || !strncasecmp(sql, "start", 5);
}

/* Behind a transaction pooler each transaction must set what it needs.  The settings come after
 * BEGIN, which can only set an isolation level as long as no query has run. */
static bool prime(dbconn *c, dbjob *j) {
  if (j->primed || !dbsetup_pooled(c)) return true;
  bool begins = is_begin(j);
  if (!begins && !c->shared_now && dbconn_in_tx(c)) return true;
  const char *sql = dbsetup_local();
  j->primed = true;
  return dbjob_insert(j, begins ? 1 : 0, sql, strlen(sql)) == 0;
}

static bool ends_block(const dbjob *j) {
  static const char *const words[] = {"commit", "rollback", "end", "abort", "prepare"};
  const char *sql = j->text.p + j->step[j->steps - 1].at;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strncasecmp(sql, words[i], strlen(words[i]))) return true;
  return false;
}

/* Only within a transaction block: outside of one, each segment is a transaction. */
static bool joins_next(const dbconn *c, const dbjob *j) {
  const dbjob *next = c->pending.first;
  return next && c->user && c->in_block && !c->shared_now && j->wanted && next->wanted;
}

static bool send_job(dbconn *c, dbjob *j) {
  if (!prime(c, j)) return false;
  for (int i = 0; i < j->steps; i++)
    if (!send_step(c, j, &j->step[i], i == j->steps - 1)) return false;
  c->in_block = (c->in_block || is_begin(j)) && !ends_block(j);
  j->joined = joins_next(c, j);
  if (!j->joined && !PQpipelineSync(c->pg)) return false;
  in_flight(c, j);
  return true;
}

/* A separate job drops evicted statements, when no transaction
 * can be open: a failed one would refuse DEALLOCATE. */
static void list_drops(dbstmts *s, dbjob *j) {
  if (s->drop_all) {
    dbjob_add(j, "DEALLOCATE ALL", 14);
    dbstmts_clear(s);
  }
  while (s->drops && j->steps < DBJOB_STEPS) {
    char name[DBSTMT_NAME], sql[DBSTMT_NAME + 16];
    dbstmt_name(s->drop[s->drops - 1], name);
    int n = snprintf(sql, sizeof sql, "DEALLOCATE %s", name);
    if (dbjob_add(j, sql, (size_t)n) < 0) break;
    s->drops--;
  }
}

static bool send_drops(dbconn *c) {
  dbstmts *s = &c->stmts;
  if (c->plans_seen != plans_changed) dbstmts_drop_all(s);
  c->plans_seen = plans_changed;
  if (!s->drops && !s->drop_all) return true;
  if (!c->shared_now && (c->flight.n || dbconn_in_tx(c))) return true;
  dbjob *j = dbjob_new();
  if (!j) return true;
  j->conn = c;
  list_drops(s, j);
  bool ok = true;
  for (int i = 0; ok && i < j->steps; i++)
    ok = PQsendQueryParams(c->pg, j->text.p + j->step[i].at, 0, NULL, NULL, NULL, NULL, 0);
  ok = ok && PQpipelineSync(c->pg);
  in_flight(c, j);
  return ok;
}

static void flush(dbconn *c) {
  int left = PQflush(c->pg);
  if (left < 0) dbconn_lost(c, PQerrorMessage(c->pg));
  else if (dbconn_watch(c, left ? UV_READABLE | UV_WRITABLE : UV_READABLE) < 0)
    dbconn_lost(c, "the socket cannot be watched");
}

static bool may_send(const dbconn *c) {
  return (c->state == DBCONN_READY || c->state == DBCONN_SETUP) && !c->canceling && !c->want_cancel;
}

void dbflight_pump(dbconn *c) {
  bool sent = false;
  while (c->pending.n && may_send(c)) {
    dbjob *j = dbjobs_pop(&c->pending);
    if (j->wanted && !dbjob_open(j) && !c->user) { /* nobody waits for it now */
      dbjob_free(j);
      continue;
    }
    if (send_drops(c) && send_job(c, j)) {
      sent = true;
      continue;
    }
    dbjobs_push_front(&c->pending, j);
    dbconn_lost(c, PQerrorMessage(c->pg));
    return;
  }
  if (sent) flush(c);
}

static void on_turn_end(uv_prepare_t *handle) {
  while (turn.posted) {
    dbconn *c = turn.posted;
    turn.posted = c->next_posted;
    c->posted = false;
    dbflight_pump(c);
  }
  uv_prepare_stop(handle);
}

void dbflight_post(dbconn *c, dbjob *j) {
  j->conn = c;
  dbjobs_push(&c->pending, j);
  if (c->posted) return;
  if (!turn.made) uv_prepare_init(loop_uv(), &turn.handle);
  turn.made = c->posted = true;
  c->next_posted = turn.posted;
  turn.posted = c;
  uv_prepare_start(&turn.handle, on_turn_end);
}

void dbflight_stop(void) {
  if (turn.made) uv_close((uv_handle_t *)&turn.handle, NULL);
  turn.made = false;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* A table has changed below a prepared "select *".  The SQLSTATE alone is too general. */
static bool is_stale_plan(const PGresult *r, const char *state) {
  const char *where = PQresultErrorField(r, PG_DIAG_SOURCE_FUNCTION);
  return strcmp(state, "0A000") == 0 && where && strcmp(where, "RevalidateCachedQuery") == 0;
}

static void note_error(dbconn *c, dbjob *j, const PGresult *r) {
  const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
  if (j->failed) return;
  j->failed = true;
  j->at_failure = j->at;
  if (!j->status) j->status = HOST_EDB;
  const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
  snprintf(j->sqlstate, sizeof j->sqlstate, "%s", state ? state : "");
  snprintf(j->why, sizeof j->why, "%s", message ? message : "");
  dbwatch_met(c, j->sqlstate, j->why);
  if (dbrow_error(r, &j->error) < 0) j->status = HOST_EFULL;
  if (!strcmp(j->sqlstate, "42P05")) { /* the name is taken: we share the session with others */
    j->status = HOST_EDOWN;
    dbsetup_swapped(c);
  }
  if (j->at == j->steps || j->step[j->at].preparing) return;
  bool stale = is_stale_plan(r, j->sqlstate);
  j->unprepared = stale || strcmp(j->sqlstate, "26000") == 0; /* no such prepared statement */
  if (stale) plans_changed++;
  if (j->unprepared) dbstmts_forget(&c->stmts, j->step[j->at].serial, stale);
}

/* FATAL, PANIC, or an error that the server did not send: the session is over. */
static bool is_fatal(const dbconn *c, const PGresult *r) {
  const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (PQstatus(c->pg) != CONNECTION_OK || !severity) return true;
  return strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0;
}

static void on_rows(dbconn *c, dbjob *j, const PGresult *r) {
  bool mine = j->at == j->steps - 1 && !j->step[j->at].preparing;
  if (mine && j->on_row && PQntuples(r)) j->on_row(c, r);
  mine = mine && j->wanted;
  if (!mine || j->status || !dbjob_open(j) || dbrows_add(&j->rows, r) == 0) return;
  j->status = HOST_ELIMIT;
  dbrows_free(&j->rows);
  dbjob_finish(j, HOST_ELIMIT, NULL, 0);
  dbconn_cancel(c);
}

static void on_success(dbconn *c, dbjob *j, PGresult *r) {
  on_rows(c, j, r);
  if (j->wanted && j->at == j->steps - 1) dbjob_note_tag(j, r);
}

/* An earlier job of the transaction has failed. */
static void note_skipped(dbjob *j) {
  static const char state[] = "25P02", why[] = "current transaction is aborted";
  if (j->failed) return;
  j->failed = true;
  if (!j->status) j->status = HOST_EDB;
  snprintf(j->sqlstate, sizeof j->sqlstate, "%s", state);
  if (dbrow_refusal(state, why, &j->error) < 0) j->status = HOST_EFULL;
}

/* A Parse that failed or was skipped has prepared nothing. */
static void on_failure(dbconn *c, dbjob *j, const PGresult *r) {
  if (PQresultStatus(r) != PGRES_PIPELINE_ABORTED) note_error(c, j, r);
  else note_skipped(j);
  if (j->at < j->steps && j->step[j->at].preparing)
    dbstmts_forget(&c->stmts, j->step[j->at].serial, false);
}

/* A job that failed without effect and may succeed now: its plan or name was out of date, or a
 * cancel request for another job hit it.  If it has several steps, the first must have failed. */
static bool worth_retrying(const dbconn *c, const dbjob *j) {
  int first = j->primed && c->shared_now ? 1 : 0; /* the settings precede it */
  if (j->joined) return false;
  if (j->status != HOST_EDB || !dbjob_open(j) || j->retried || j->at_failure > first) return false;
  if (c->shared_now && j->suspect && strcmp(j->sqlstate, query_canceled) == 0) return true;
  return j->unprepared && (c->shared_now || (!c->flight.n && !dbconn_in_tx(c)));
}

/* The oldest job is complete. */
static void end_job(dbconn *c) {
  dbjob *j = dbjobs_pop(&c->flight);
  dbjob *head = c->flight.first;
  if (head) head->head_at = uv_now(loop_uv());
  else c->want_cancel = false;
  if (!c->canceling && !c->want_cancel && !(head && head->suspect)) c->cancel_at = 0;
  if (j->on_end) {
    j->on_end(c, j);
    dbjob_free(j);
    return;
  }
  if (worth_retrying(c, j)) {
    dbjob_rewind(j);
    j->retried = true;
    c->hooks->again(c, j);
    return;
  }
  if (j->failed && !j->wanted)
    log_fmt(LOG_WARN, "database: SQLSTATE %s from %.200s", j->sqlstate, j->text.p);
  if (j->status == 0) dbjob_succeed(j);
  else if (strcmp(j->sqlstate, query_canceled) == 0) dbjob_finish(j, HOST_ETIMEOUT, NULL, 0);
  else dbjob_finish(j, j->status, j->error.p, j->error.n);
  dbjob_free(j);
}

static void on_sync(dbconn *c) {
  c->single_row = false;
  if (!c->flight.first->next && !dbconn_in_tx(c)) c->in_block = false;
  end_job(c);
}

/* The NULL after each answer: from Parse on to the statement, or to the next step or job. */
static void on_end(dbconn *c, dbjob *j) {
  c->single_row = false;
  if (j->at == j->steps) return;
  if (j->step[j->at].preparing) j->step[j->at].preparing = false;
  else j->at++;
  if (j->at == j->steps && j->joined) end_job(c);
}

static void on_result(dbconn *c, dbjob *j, PGresult *r) {
  switch (PQresultStatus(r)) {
    case PGRES_SINGLE_TUPLE: on_rows(c, j, r); break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: on_success(c, j, r); break;
    case PGRES_PIPELINE_SYNC: on_sync(c); break;
    case PGRES_PIPELINE_ABORTED: on_failure(c, j, r); break;
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE:
      if (is_fatal(c, r)) dbconn_lost(c, PQresultErrorMessage(r));
      else on_failure(c, j, r);
      break;
    default: /* COPY does not work in a pipeline */
      dbjob_finish(j, HOST_EINVAL, NULL, 0);
      dbconn_lost(c, "COPY is not supported");
  }
}

static void read_answers(dbconn *c) {
  unsigned epoch = c->epoch;
  int jobs = c->flight.n, ends = 0;
  while (c->epoch == epoch && c->flight.n) {
    if (!c->single_row) c->single_row = PQsetSingleRowMode(c->pg) == 1;
    if (PQisBusy(c->pg)) break;
    PGresult *r = PQgetResult(c->pg);
    ends = r ? 0 : ends + 1;
    if (r) c->server->heard++;
    if (r) on_result(c, c->flight.first, r);
    else on_end(c, c->flight.first);
    PQclear(r);
    if (ends > ENDS_MAX) dbconn_lost(c, "libpq and we disagree on what is in flight");
  }
  if (c->epoch == epoch && c->pending.n) dbflight_pump(c);
  if (c->epoch == epoch && c->flight.n != jobs) c->hooks->room(c);
}

static void read_notifies(dbconn *c) {
  unsigned epoch = c->epoch;
  while (c->epoch == epoch && c->pg) {
    PGnotify *n = PQnotifies(c->pg);
    if (!n) return;
    if (c->hooks->notify) c->hooks->notify(c, n);
    PQfreemem(n);
  }
}

/* OpenSSL has decrypted bytes that libpq has not read: they do not make the socket readable. */
static bool has_hidden_input(const dbconn *c) {
  SSL *ssl = PQsslInUse(c->pg) ? PQsslStruct(c->pg, "OpenSSL") : NULL;
  return ssl && SSL_pending(ssl) > 0;
}

void dbflight_ready(dbconn *c, bool readable) {
  unsigned epoch = c->epoch;
  do {
    if (readable && !PQconsumeInput(c->pg)) {
      dbconn_lost(c, PQerrorMessage(c->pg));
      return;
    }
    read_answers(c);
    if (c->epoch == epoch) read_notifies(c);
  } while (c->epoch == epoch && readable && has_hidden_input(c));
  if (c->epoch == epoch) flush(c);
}
