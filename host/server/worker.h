/* SPDX-License-Identifier: MIT
 * worker.h -- one process, one loop (core/loop.h).  Each part of it has one init and one stop, called by
 * worker.c.  All state is per process: nothing is locked. */
#ifndef HUMAN_WORKER_H
#define HUMAN_WORKER_H
#include <stdbool.h>

#include "core/shm.h"
#include "net/listen.h"

struct lua_State;

/* Loading scripts may take reload.timeout_ms of CPU time, and this many times as long by the clock:
 * on a busy machine it is not the scripts that are slow. */
enum { LOAD_PATIENCE = 6 };

typedef struct {
  int index, count;             /* which worker (-1: none, the checker), of how many */
  listen_sockets listen;        /* this worker's; the supervisor keeps a copy */
  int bus_in;                   /* own AF_UNIX datagram inbox */
  int bus_out[SHM_WORKERS_MAX]; /* every worker's inbox, for writing */
  int generation;               /* of scripts, at the start */
  int control_fd;               /* to the supervisor; end of file: it is gone, stop */
  int broker_fd;                /* for requests to run programs (brokercall.h); -1: exec is disabled */
  int argc;                     /* arguments of `human test` and other Lua sub-commands */
  char **argv;
  bool database;                /* a sub-command needs one at its start, as servers do */
  bool draft;                   /* `human test` of an operator's own specs */
  const char *refused;          /* why a sub-command has no bundle, or "" */
  void (*more_native)(struct lua_State *L); /* NULL, or adds functions to the module human.native */
  const char *command;          /* NULL: serve; else the Lua sub-command to run, then exit */
} worker_spec;

int worker_run(const worker_spec *spec); /* never returns to the supervisor's code; exit status */
void worker_retire(void); /* drains and ends while a replacement serves */
#endif
