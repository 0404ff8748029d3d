/* SPDX-License-Identifier: MIT
 * worker.h -- one process, one loop (core/loop.h).  Each part of it has one init and one stop, called by
 * worker.c.  All state is per process: nothing is locked. */
#ifndef HUMAN_WORKER_H
#define HUMAN_WORKER_H
#include <stdbool.h>

#include "core/shm.h"
#include "net/listen.h"

struct lua_State;

typedef struct {
  int index, count;             /* which worker (-1: none, the checker), of how many */
  listen_sockets listen;        /* this worker's own; the supervisor keeps a copy */
  int bus_in;                   /* own AF_UNIX datagram inbox */
  int bus_out[SHM_WORKERS_MAX]; /* every worker's inbox, for writing */
  int generation;               /* of scripts, to begin with */
  int control_fd;               /* to the supervisor; closed: it is gone, stop */
  int broker_fd;                /* for requests to run programs (brokercall.h); -1: exec is disabled */
  int argc;                     /* arguments of `human test` and other Lua sub-commands */
  char **argv;
  bool database;                /* a sub-command that needs one at its start, as a server always does */
  bool draft;                   /* `human test` of an operator's own specs */
  const char *refused;          /* why there is no bundle (a sub-command's), or "" */
  void (*more_native)(struct lua_State *L); /* NULL, or what a command adds to the module human.native */
  const char *command;          /* NULL: serve; else the Lua sub-command to run, then exit */
} worker_spec;

int worker_run(const worker_spec *spec); /* never returns to the supervisor's code; exit status */
void worker_retire(void); /* drain and end, while a replacement already serves */
#endif
