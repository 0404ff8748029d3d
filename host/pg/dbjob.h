/* SPDX-License-Identifier: MIT
 * dbjob.h -- one round trip to PostgreSQL: statements that share one Sync; a caller may wait for the
 * last one.
 *
 * The op is open while a task waits; if it is closed early (cancelled,
 * timed out), the job stays until the server has answered, and its
 * result is dropped.  The connection that holds a job frees it. */
#ifndef HUMAN_DBJOB_H
#define HUMAN_DBJOB_H
#include <libpq-fe.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/op.h"
#include "pg/dbrow.h"

enum { DBJOB_STEPS = 18, DBJOB_PARAMS = 32767, DBJOB_SQL_MAX = 4 << 20, DBJOB_TEXT_MAX = 64 << 20 };

typedef struct {
  size_t at, len;    /* the SQL text, within the job's text */
  uint32_t hash;
  uint32_t serial;   /* its prepared statement on the connection; 0: none */
  bool preparing;    /* its Parse is in flight, too */
} dbstep;

typedef struct dbjob dbjob;
struct dbjob {
  op op;
  dbjob *next;
  struct dbconn *conn; /* where it is pending or in flight; NULL: in the pool's queue */
  bool sent, wanted;   /* wanted: the last step is a query whose result goes to the op */
  bool joined;         /* the next job follows in the same segment: no Sync */
  bool retried, suspect, failed, unprepared;
  bool unnamed, primed; /* send without named statements; with what must precede it */
  void (*on_row)(struct dbconn *c, const PGresult *r); /* internal: a row of the last step, .. */
  void (*on_end)(struct dbconn *c, dbjob *j);          /* .. and the end, when c may be broken */
  int at_failure;      /* the step that failed */
  uint64_t deadline, head_at; /* loop time, ms */
  double queued;       /* monotonic seconds: since when it waits for a connection; 0: no wait */
  buf text;            /* SQL of all steps, then the parameters; each ends with NUL */
  dbstep step[DBJOB_STEPS];
  int steps, at;       /* their number; the one being answered */
  int nparams;
  const char **params; /* into text; NULL for SQL NULL */
  dbrows rows;
  int status;          /* 0, or the error that ends it */
  buf error;           /* packed, with HOST_EDB */
  char sqlstate[6], tag[64], why[160]; /* why: the message of a failure */
  double affected;
};

dbjob *dbjob_new(void);
/* Appends a statement without parameters or result; 0, or HOST_EFULL. */
int dbjob_add(dbjob *j, const char *sql, size_t n);
/* The same, before the i-th step. */
int dbjob_insert(dbjob *j, int i, const char *sql, size_t n);
/* Appends the statement that the caller waits for: opens the op and returns its id.  An error
 * (HOST_EINVAL, HOST_EFULL, HOST_EGONE) leaves the job unchanged. */
host_id dbjob_query(dbjob *j, const host_str *sql, const host_str *params, host_id owner,
                    void (*cancel)(op *));
bool dbjob_open(const dbjob *j); /* a caller still waits for it */
/* Completes the op; the job itself stays.  data may be NULL. */
void dbjob_finish(dbjob *j, int status, const void *data, size_t n);
void dbjob_note_tag(dbjob *j, PGresult *last);
void dbjob_succeed(dbjob *j);    /* the same with rows, affected and tag */
void dbjob_rewind(dbjob *j);     /* makes it ready to be sent again */
void dbjob_free(dbjob *j);       /* closes the op, if still open, without an event */
int dbjob_count(void);           /* the number of jobs */

/* First-in, first-out lists of jobs. */
typedef struct { dbjob *first, *last; int n; } dbjobs;
void dbjobs_push(dbjobs *q, dbjob *j);
void dbjobs_push_front(dbjobs *q, dbjob *j);
dbjob *dbjobs_pop(dbjobs *q);
#endif
