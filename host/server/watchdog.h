/* SPDX-License-Identifier: MIT
 * watchdog.h -- detects and ends workers whose scripts hang.
 *
 * A turn that lasts limits.script_hard_ms is interrupted by SIGUSR1, which ends interpreted code with an
 * error (bridge.c).  While the worker waits for a processor that others have, its time stands still, for
 * up to three times the limit: on a crowded machine healthy scripts take long.  Compiled loops and C
 * functions do not notice the signal: SIGABRT leaves a trace and a core and ends the worker; if even that
 * fails, SIGKILL follows.  A label that ended workers three times within
 * a minute is struck: no worker runs it until the next reload. */
#ifndef HUMAN_WATCHDOG_H
#define HUMAN_WATCHDOG_H
#include <sys/types.h>

#include "core/shm.h"

enum { WATCHDOG_LOOK_MS = 100 }; /* how often to check, so that replacements start in time */

typedef enum { WATCHDOG_WELL, WATCHDOG_WAIT, WATCHDOG_INTERRUPT, WATCHDOG_ABORT, WATCHDOG_KILL }
    watchdog_verdict;

typedef struct {
  uint32_t turn;  /* the turn that hangs .. */
  int stage;      /* .. and the last action against it, a watchdog_verdict */
  double at;      /* when, without the time that the worker has waited for a processor */
  double starved; /* how long it had waited for one when the turn was first seen */
} watchdog_state;

/* What to do about a worker with this heartbeat now, which has waited so long for a processor since it began
 * (procs_starved); remembers it in `s`. */
watchdog_verdict watchdog_decide(watchdog_state *s, const shm_beat *beat, double hard_s, double starved,
                                 double now);

void watchdog_started(int worker, double now);
/* Acts on it; true: the worker is well. */
bool watchdog_look(int worker, pid_t pid, double hard_s, double now);

/* A worker has ended.  True: scripts are to blame, so a replacement may start at once. */
bool watchdog_died(int worker, pid_t pid, int status, double now);

/* Records that `label` ended a worker.  True: once too often, the label is struck. */
bool watchdog_strike(const char *label, double now);
void watchdog_pardon(void); /* new scripts are in force: clears all strikes */
#endif
