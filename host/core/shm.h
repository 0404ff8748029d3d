/* SPDX-License-Identifier: MIT
 * shm.h -- the page that all processes of a host share: heartbeats, metrics, rate-limit buckets.
 *
 * Mapped once by the supervisor before it forks.  A worker writes only its own heartbeat and its
 * own metrics; buckets are shared, each set behind a spinlock that another process takes over if its
 * holder dies.
 * Before shm_init() every function does nothing. */
#ifndef HUMAN_SHM_H
#define HUMAN_SHM_H
#include <stdbool.h>
#include <stdint.h>

enum { SHM_WORKERS_MAX = 16, SHM_LABEL = 96, SHM_WHAT = 192 };

typedef struct {
  bool started;          /* it has served at least one turn */
  bool busy;             /* Lua is running */
  bool retiring;         /* it is leaving voluntarily: start its replacement */
  bool loading;          /* scripts, whose time it limits itself (reload.timeout_ms) */
  bool named;            /* `label` is only a name for people and is never struck */
  uint32_t turn;         /* counts shm_busy() calls */
  double since;          /* monotonic seconds: when that turn began */
  char label[SHM_LABEL]; /* what is running: a route, a job ..; empty: the runtime itself */
  char what[SHM_WHAT];   /* the same with the request's id, for people */
} shm_beat;

int shm_init(int workers);   /* 0, or -1 with errno */
void shm_succeed(int worker); /* before the fork of a replacement: gives it its own page, so that
                                its predecessor can finish what it has begun .. */
void shm_forget(int worker);  /* .. until that has ended */
int shm_page(int worker, bool leaving); /* the number of its page, or of its predecessor's */
void shm_attach(int worker); /* this process is that worker (< 0: none); clears stale state */
void shm_started(void);      /* this worker serves */
void shm_retiring(void);
void shm_busy(void);
void shm_loading(bool is); /* when it is over, the turn counts as a new one */
double shm_busy_for(void);   /* how many seconds this worker's turn has lasted; 0: it is idle; -1:
                                this process is not a worker */
void shm_idle(void);
void shm_look(int worker, shm_beat *out);
void shm_self(shm_beat *out); /* the same for this process, safe in a signal handler */
double shm_clock(void);      /* monotonic seconds, the clock of `since` */

/* Connections to the database: how many this worker has, and whether it can get none. */
void shm_database(int ready, bool starved);
bool shm_database_starved(void); /* another worker can get none */
int shm_database_sibling(void);  /* the other worker that has the most; -1: none has any */

/* Labels that no worker may run until they are pardoned (watchdog.c, in the supervisor). */
int shm_strike(const char *label); /* 0, or -1: the list is full */
void shm_pardon(void);

/* Metrics of C code, names as in host_api.h; dropped when there is no room.  Before shm_attach()
 * they are the supervisor's own, which outlive every worker. */
void shm_count(const char *name, double by);
void shm_gauge(const char *name, double value);
#endif
