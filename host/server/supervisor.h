/* SPDX-License-Identifier: MIT
 * supervisor.h -- the parent of all processes: sockets, workers, watchdog, the private database. */
#ifndef HUMAN_SUPERVISOR_H
#define HUMAN_SUPERVISOR_H
#include "server/worker.h"

enum { SUPERVISOR_EXIT_BOOT = 3 }; /* a worker's exit status: it could not start */

int supervisor_run(void); /* `human gateway`; the exit status */

/* For reload.c: our end of a worker's link, -1 if the worker is not running. */
int supervisor_link(int worker);

/* The number of database connections that this many workers may open. */
int supervisor_connections(int workers);
#endif
