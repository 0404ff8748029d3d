/* SPDX-License-Identifier: MIT
 * shm.h -- the page that all processes of a host share: heartbeats, metrics, rate-limit buckets.
 *
 * Mapped once by the supervisor before it forks.  A worker writes only its own heartbeat and its
 * own metrics; buckets are shared, each set behind a spinlock that is taken over when its holder
 * died.
 * Before shm_init() every function does nothing. */
#ifndef HUMAN_SHM_H
#define HUMAN_SHM_H
#include <stdbool.h>
#include <stdint.h>

enum { SHM_WHAT = 192 };

typedef struct {
  bool started;        /* it has served at least one turn */
  bool busy;           /* Lua is running */
  uint32_t turn;       /* counts shm_busy() calls */
  double since;        /* monotonic seconds: when that turn began */
  char what[SHM_WHAT]; /* route and request id, as the worker last wrote them */
} shm_beat;

int shm_init(int workers);      /* 0, or -1 with errno */
void shm_attach(int worker);    /* this process is that worker (< 0: none); clears what was left */
void shm_started(void);         /* this worker serves */
void shm_busy(const char *what); /* NULL: the same as before */
void shm_idle(void);
void shm_look(int worker, shm_beat *out);
double shm_clock(void);         /* monotonic seconds, the clock of `since` */

/* Metrics of C code, names as in host_api.h; nothing happens when there is no room.  Before
 * shm_attach() they are the supervisor's own, which outlive every worker. */
void shm_count(const char *name, double by);
void shm_gauge(const char *name, double value);
#endif
