/* SPDX-License-Identifier: MIT
 * reload.h -- puts a new bundle in force on all workers, or on none.
 *
 *   read      the search path, once, into a sealed bundle
 *   check     a separate process builds it and runs the rules' examples; it may hang or die
 *   vote      every worker builds it beside the one in service
 *   commit    all said yes: each swaps one reference.  Otherwise nothing changes anywhere
 *
 * Lives in the supervisor and never blocks it; reload_turn() and the two notices drive it. */
#ifndef HUMAN_RELOAD_H
#define HUMAN_RELOAD_H
#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/link.h"
#include "core/shm.h"

enum { RELOAD_TEXT = 8192 };

/* What a worker said of it, and how long that took. */
typedef struct {
  enum { VOTE_NONE, VOTE_YES, VOTE_NO, VOTE_ENDED } said;
  double ms;
} reload_vote;

typedef struct {
  double at; /* unix time of the last verdict; 0: there was none */
  bool ok;
  char text[RELOAD_TEXT];
  reload_vote vote[SHM_WORKERS_MAX];
} reload_verdict;

/* Sets the generation in service, which new workers load. */
void reload_init(int generation, int workers);
int reload_generation(void);

/* Begins a reload, or another after the current one.  client: gets the result (control.h), or -1. */
void reload_start(int client);
/* A worker requests other settings: reloads the scripts in service with them.  Owns fd. */
void reload_change(int worker, const link_message *asked, int fd);
void reload_cancel(void); /* the server is stopping */

int reload_fd(void); /* to poll for reading: the checker's output; -1: none */
void reload_turn(double now);
bool reload_reaped(pid_t pid, int status);                  /* true: it was the checker */
void reload_heard(int worker, const link_message *message); /* a vote, or a worker that serves */
void reload_lost(int worker);                               /* a worker has ended */
bool reload_deciding(void); /* start no worker now: its generation is being decided */
const reload_verdict *reload_last(void);
#endif
