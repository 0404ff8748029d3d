/* SPDX-License-Identifier: MIT
 * watchdog.c -- see watchdog.h.
 *
 * Owns: its record of each worker's current turn, and the strikes.  Lives in the supervisor, and
 * must never block. */
#include "server/watchdog.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/procs.h"
#include "core/shm.h"

enum { STRIKES = 3, SUSPECTS = 64, PATIENCE = 3 };
static const double ABORT_AFTER_S = 0.5, KILL_AFTER_S = 3, STRIKES_S = 60, EATING_S = 0.1;

typedef struct {
  char label[SHM_LABEL]; /* empty: free */
  double at[STRIKES];    /* the last deaths, oldest first; 0: none */
} suspect;

static struct {
  watchdog_state worker[SHM_WORKERS_MAX];
  double started[SHM_WORKERS_MAX];
  suspect suspect[SUSPECTS];
} dog;

/* ---- a turn that does not end ---- */

static watchdog_verdict next_step(const watchdog_state *s, double stuck, double hard_s, double now) {
  switch (s->stage) {
  case WATCHDOG_WELL: return stuck >= hard_s ? WATCHDOG_INTERRUPT : WATCHDOG_WELL;
  case WATCHDOG_INTERRUPT: return now - s->at >= ABORT_AFTER_S ? WATCHDOG_ABORT : WATCHDOG_WAIT;
  case WATCHDOG_ABORT: return now - s->at >= KILL_AFTER_S ? WATCHDOG_KILL : WATCHDOG_WAIT;
  default: return WATCHDOG_WAIT;
  }
}

watchdog_verdict watchdog_decide(watchdog_state *s, const shm_beat *beat, double hard_s, double starved,
                                 double now) {
  if (!beat->busy || beat->turn != s->turn) {
    s->stage = WATCHDOG_WELL;
    s->starved = starved;
  }
  if (!beat->busy) return WATCHDOG_WELL;
  s->turn = beat->turn;
  now -= fmin(starved - s->starved, PATIENCE * hard_s);
  watchdog_verdict v = next_step(s, now - beat->since, hard_s, now);
  if (v != WATCHDOG_WELL && v != WATCHDOG_WAIT) {
    s->stage = (int)v;
    s->at = now;
  }
  return v;
}

void watchdog_started(int worker, double now) {
  dog.worker[worker] = (watchdog_state){0};
  dog.started[worker] = now;
}

bool watchdog_look(int worker, pid_t pid, double hard_s, double now) {
  shm_beat beat;
  shm_look(worker, &beat);
  if (beat.since < dog.started[worker]) return true; /* a beat of its predecessor */
  double starved = beat.busy ? procs_starved(pid) : 0;
  switch (watchdog_decide(&dog.worker[worker], &beat, hard_s, starved, now)) {
  case WATCHDOG_WELL: return true;
  case WATCHDOG_WAIT: return false;
  case WATCHDOG_INTERRUPT:
    log_fmt(LOG_WARN, "worker %d has been in %s for %.1f s (limits.script_hard_ms); interrupting it",
            worker, beat.what, now - beat.since);
    kill(pid, SIGUSR1);
    shm_count("human_watchdog_interrupts_total", 1);
    return false;
  case WATCHDOG_ABORT:
    log_fmt(LOG_ERROR, "worker %d does not return from %s; replacing it", worker, beat.what);
    kill(pid, SIGABRT);
    return false;
  case WATCHDOG_KILL:
    kill(pid, SIGKILL);
    return false;
  }
  return false;
}

/* ---- strikes ---- */

/* This label's entry; else a free one; else the one with the oldest death. */
static suspect *suspect_for(const char *label) {
  suspect *oldest = &dog.suspect[0];
  for (int i = 0; i < SUSPECTS; i++) {
    suspect *s = &dog.suspect[i];
    if (!strcmp(s->label, label)) return s;
    if (s->at[STRIKES - 1] < oldest->at[STRIKES - 1]) oldest = s;
  }
  *oldest = (suspect){0};
  snprintf(oldest->label, sizeof oldest->label, "%s", label);
  return oldest;
}

bool watchdog_strike(const char *label, double now) {
  suspect *s = suspect_for(label);
  memmove(&s->at[0], &s->at[1], sizeof s->at - sizeof *s->at);
  s->at[STRIKES - 1] = now;
  if (s->at[0] <= 0 || now - s->at[0] > STRIKES_S) return false;
  *s = (suspect){0};
  if (shm_strike(label)) return false;
  log_fmt(LOG_ERROR, "%s has ended %d workers within %.0f s: it is out of service until the next reload",
          label, STRIKES, STRIKES_S);
  return true;
}

void watchdog_pardon(void) {
  memset(dog.suspect, 0, sizeof dog.suspect);
  shm_pardon();
}

/* SIGKILL may come from a person at any moment.  From the OOM
 * killer it comes after the turn has used up memory for a while. */
static bool is_to_blame(const shm_beat *beat, int status, double now) {
  if (!beat->busy || !*beat->label) return false;
  return !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL || now - beat->since > EATING_S;
}

bool watchdog_died(int worker, pid_t pid, int status, double now) {
  shm_beat beat;
  shm_look(worker, &beat);
  bool blamed = beat.since >= dog.started[worker] && is_to_blame(&beat, status, now);
  if (WIFSIGNALED(status))
    log_fmt(LOG_ERROR, "worker %d (process %d) was ended by signal %d, %s%s%s", worker, (int)pid,
            WTERMSIG(status), strsignal(WTERMSIG(status)), beat.busy ? ", while in " : "",
            beat.busy ? beat.what : "");
  else
    log_fmt(LOG_ERROR, "worker %d (process %d) ended with status %d", worker, (int)pid,
            WEXITSTATUS(status));
  if (blamed && !beat.named) watchdog_strike(beat.label, now);
  return blamed;
}
