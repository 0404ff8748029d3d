/* SPDX-License-Identifier: MIT
 * dbconn.h -- one connection to PostgreSQL: connecting, sending jobs in pipeline mode, answers,
 * cancelling, and reconnecting after every failure.
 *
 * Its user (the pool, the listener) decides what to send; hooks report what happened.  A hook
 * may post jobs.  Jobs given to dbflight_post() belong to the connection from then on. */
#ifndef HUMAN_DBCONN_H
#define HUMAN_DBCONN_H
#include <stdbool.h>
#include <uv.h>

#include "pg/dbaddr.h"
#include "pg/dbjob.h"
#include "pg/dbstmt.h"

typedef struct dbconn dbconn;
typedef struct {
  void (*ready)(dbconn *c);            /* connected */
  void (*down)(dbconn *c, const char *why); /* broken, or connecting failed; it retries */
  void (*room)(dbconn *c);             /* some jobs have ended; called once per wake-up */
  void (*again)(dbconn *c, dbjob *j);  /* send this job again, here or elsewhere */
  void (*notify)(dbconn *c, const PGnotify *n); /* may be NULL */
} dbconn_hooks;

typedef enum {
  DBCONN_OFF, DBCONN_WAITING, DBCONN_RESOLVING, DBCONN_CONNECTING, DBCONN_SETUP, DBCONN_READY
} dbconn_state;

struct dbconn {
  const dbconn_hooks *hooks;
  void *user;            /* for the pool: the lease that holds it */
  dbconn_state state;
  dbaddr_route route;    /* set before it is opened, as are the next two */
  bool patient;          /* for migrations, which have their own timeout only */
  bool aside;            /* not in the pool: says nothing about whether statements get through */
  dbaddr_list list;      /* the addresses of the current host */
  int hosts_tried, first_host, list_at; /* progress of the current attempt */
  dbserver *server;      /* the one it is connected or connecting to; NULL: none */
  uint64_t limit_at;     /* loop time, ms: the deadline of the current address */
  uint64_t server_heard; /* the server's count of answers when this became ready */
  char why[DBSERVER_WHY]; /* the last failure */
  int verdict;           /* for dbsetup.c: HOST_DB_*, what is wrong with the session, .. */
  char verdict_why[DBSERVER_WHY], mark[48]; /* .. and a text that identifies the session */
  bool probing;          /* for dbwatch.c: a probe is in flight, .. */
  int probe_ticks;       /* .. since when, .. */
  uint64_t probe_heard;  /* .. and the server's count of answers at its start */
  bool doubt, retire;    /* .. probe it soon; close it when it is free */
  bool crowded;          /* the last attempt found all connections taken */
  unsigned epoch;        /* counts sessions: results of older ones are ignored */
  int failures;          /* in a row; sets the pause before the next attempt */
  bool shared_now;       /* several tasks may have jobs in flight, none of them in a transaction */
  bool dirty;            /* for the pool: reset session state before the next lease */
  bool resetting;        /* for the pool: between a lease and the next user */
  int resets;            /* for the pool: how often that was tried */
  PGconn *pg;
  struct dbconn_poll *poll;
  bool timer_made;
  uv_timer_t timer;      /* limits connecting; otherwise delays the next attempt */
  dbjobs flight, pending; /* sent but not answered; not sent yet */
  dbconn *next_posted;   /* for dbflight.c: those with jobs to send after this turn, .. */
  bool posted, in_block; /* .. is this one; is the last job sent in a transaction */
  bool single_row;       /* set for the statement being answered */
  bool want_cancel;      /* interrupt what runs; nothing is sent until then */
  bool canceling;        /* a thread is sending the request */
  uint64_t cancel_at;    /* since when a request may hit a job in flight; 0: none */
  unsigned plans_seen;   /* for dbflight.c: are stmts older than a changed table */
  dbstmts stmts;
};

void dbconn_open(dbconn *c, const dbconn_hooks *hooks);
void dbconn_stop(dbconn *c);               /* permanently; frees its jobs without events */
void dbconn_cancel(dbconn *c);             /* interrupts the running statement; call again while
                                              want_cancel is set: too many requests are in flight */
/* Closes, fails its jobs, reconnects.  condition: what this says about its server, or 0. */
void dbconn_break(dbconn *c, int condition, const char *why);
void dbconn_lost(dbconn *c, const char *message); /* the same with libpq's message */
void dbconn_pause(dbconn *c);              /* closes it until dbconn_open(); it must be quiet */
void dbconn_nudge(dbconn *c);              /* retries now, if it waits for its next attempt */
bool dbconn_ready(const dbconn *c);
bool dbconn_quiet(const dbconn *c);        /* ready; nothing in flight, pending or cancelled */
bool dbconn_in_tx(const dbconn *c);        /* when quiet: inside a transaction block */
int dbconn_depth(const dbconn *c);         /* jobs in flight and pending */

/* Between the parts of a connection: dbsetup.c ends with
 * one of the first two, dbcancel.c with the third. */
void dbconn_accept(dbconn *c);
void dbconn_give_up(dbconn *c, int condition, const char *why); /* tries the next address */
void dbconn_cancelled(dbconn *c, unsigned epoch);

/* For dbflight.c: the events of the socket to wait for. */
int dbconn_watch(dbconn *c, int events); /* UV_READABLE | UV_WRITABLE; -1: impossible */
#endif
