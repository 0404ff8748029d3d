/* SPDX-License-Identifier: MIT
 * dbconn.h -- one connection to PostgreSQL: connecting, sending jobs in pipeline mode, answers,
 * cancelling, and reconnecting after a failure, without end.
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
  void (*down)(dbconn *c, const char *why); /* broken, or could not be connected; it retries */
  void (*room)(dbconn *c);             /* some jobs have ended; called once per wake-up */
  void (*again)(dbconn *c, dbjob *j);  /* send this one once more, here or elsewhere */
  void (*notify)(dbconn *c, const PGnotify *n); /* may be NULL */
} dbconn_hooks;

typedef enum {
  DBCONN_OFF, DBCONN_WAITING, DBCONN_RESOLVING, DBCONN_CONNECTING, DBCONN_SETUP, DBCONN_READY
} dbconn_state;

struct dbconn {
  const dbconn_hooks *hooks;
  void *user;            /* the pool's: the lease that holds it */
  dbconn_state state;
  dbaddr_route route;    /* set before it is opened, like the next two */
  bool patient;          /* for migrations: no limit of time but their own */
  bool aside;            /* not one of the pool's: says nothing about whether statements pass */
  dbaddr_list list;      /* the addresses of the present host */
  int hosts_tried, first_host, list_at; /* how far the present attempt has come */
  dbserver *server;      /* the one that it is connected to, or tries; NULL: none */
  uint64_t limit_at;     /* loop time, ms: when the present address has had its time */
  uint64_t server_heard; /* answers of the server when this became ready */
  char why[DBSERVER_WHY]; /* the last failure */
  int verdict;           /* dbsetup.c's: HOST_DB_*, what is wrong with the session, .. */
  char verdict_why[DBSERVER_WHY], mark[48]; /* .. and a text by which the session is known */
  bool probing;          /* dbwatch.c's: a probe is under way, .. */
  int probe_ticks;       /* .. for how long, .. */
  uint64_t probe_heard;  /* .. and what its server had answered before */
  bool doubt, retire;    /* .. look at it soon; close it when it is free */
  bool crowded;          /* the last attempt found all connections taken */
  unsigned epoch;        /* counts sessions: what belongs to an older one is ignored */
  int failures;          /* in a row; sets the pause before the next attempt */
  bool shared_now;       /* jobs of several tasks may be in flight: none of them in a transaction */
  bool dirty;            /* the pool's: session state must be reset before the next lease */
  bool resetting;        /* the pool's: between a lease and the next user */
  int resets;            /* the pool's: how often that has been tried */
  PGconn *pg;
  struct dbconn_poll *poll;
  bool timer_made;
  uv_timer_t timer;      /* limits connecting; else waits for the next attempt */
  dbjobs flight, pending; /* sent and not answered; not sent yet */
  dbconn *next_posted;   /* dbflight.c's: those with something to send when this turn of the loop ends, .. */
  bool posted, in_block; /* .. whether this is one; and whether what is sent last is in a transaction block */
  bool single_row;       /* set for the statement that is being answered */
  bool want_cancel;      /* what runs is to be interrupted; nothing is sent until then */
  bool canceling;        /* a thread of libuv's is sending the request */
  uint64_t cancel_at;    /* since when; 0: no job in flight may be hit by a request */
  unsigned plans_seen;   /* dbflight.c's: whether stmts are older than a changed table */
  dbstmts stmts;
};

void dbconn_open(dbconn *c, const dbconn_hooks *hooks);
void dbconn_stop(dbconn *c);               /* for good; frees its jobs without events */
void dbconn_cancel(dbconn *c);             /* interrupt the statement that runs now; again while
                                              want_cancel is set: too many are being cancelled */
/* Close, fail what it held, connect anew.  condition: what that says about its server, or 0. */
void dbconn_break(dbconn *c, int condition, const char *why);
void dbconn_lost(dbconn *c, const char *message); /* the same with libpq's message */
void dbconn_pause(dbconn *c);              /* close it until dbconn_open(); it must be quiet */
void dbconn_nudge(dbconn *c);              /* try now, if it waits for its next attempt */
bool dbconn_ready(const dbconn *c);
bool dbconn_quiet(const dbconn *c);        /* ready, nothing sent, waiting or being cancelled */
bool dbconn_in_tx(const dbconn *c);        /* when quiet: inside a transaction block */
int dbconn_depth(const dbconn *c);         /* jobs sent and waiting */

/* Between the parts of a connection: dbsetup.c ends with one of these, dbcancel.c with the third. */
void dbconn_accept(dbconn *c);
void dbconn_give_up(dbconn *c, int condition, const char *why); /* try the next address */
void dbconn_cancelled(dbconn *c, unsigned epoch);

/* For dbflight.c: which readiness of the socket to wait for. */
int dbconn_watch(dbconn *c, int events); /* UV_READABLE | UV_WRITABLE; -1: impossible */
#endif
