/* SPDX-License-Identifier: MIT
 * pool.h -- the connections of one worker: leases for transactions, shared pipelines for single
 * statements, timeouts, and whether the database is reachable.
 *
 * At most half of the connections carry shared pipelines.  With two or more, one is never leased, so
 * that a statement outside a transaction need not wait for a transaction.  The server decides how many
 * there are: a pool works with what it gets. */
#ifndef HUMAN_POOL_H
#define HUMAN_POOL_H
#include "pg/dbconn.h"

enum {
  POOL_MAX = 64,
  POOL_DEPTH = 32,       /* statements in flight on one shared connection */
  POOL_QUEUE = 1024,     /* statements waiting for a connection */
  POOL_LEASE_QUEUE = 1024,
  POOL_LEASE_JOBS = 64,  /* statements of one lease in flight at a time */
  POOL_SIMPLES = DBJOB_STEPS - 1
};

typedef struct dblease dblease;
struct dblease {
  op op;
  dblease *next, *prev;
  dbconn *conn;          /* NULL: waiting, or lost */
  int lost;              /* why it has lost its connection: HOST_ETIMEOUT, HOST_EDOWN */
  uint64_t deadline;     /* loop time, ms: of the wait, then of the lease */
  double asked;          /* monotonic seconds */
  dbjob *prefix;         /* statements to send with the next query; NULL: none */
  bool direct;           /* on the separate connection to database.direct_url */
  bool patient;          /* for migrations, which have their own timeout only */
};

int pool_init(void);
void pool_stop(void);
int pool_state(void); /* 1: reachable; 0: down; -1: not known yet */

typedef struct {
  int size, leased, busy, idle; /* connections: leased, running single statements, idle */
  int waiting;                  /* transactions and statements waiting for one */
  double statements, waits, wait_s; /* so far: sent; that had to wait, and for how long in total */
} pool_numbers;
void pool_look(pool_numbers *out);

host_id pool_acquire(host_id owner, double timeout_s);
/* For migrations, one at a time: without the pool's timeouts, and on the direct route if there is
 * one; otherwise on one of the pool's connections, since there may be no other. */
host_id pool_acquire_direct(host_id owner);
void pool_close_idle_direct(int looks); /* at each check (dbwatch.c): after so many idle ones */
int pool_release(dblease *l, int broken);
/* Can a statement be submitted now, on the lease or, with l
 * NULL, on any connection?  0 or an error. */
int pool_admits(const dblease *l);
void pool_submit(dbjob *j, dblease *l, double timeout_s); /* owns the job */
void pool_job_cancel(op *o); /* the cancel function of a job's op */
#endif
