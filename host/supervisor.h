/* SPDX-License-Identifier: MIT
 * supervisor.h -- the parent of all: sockets, workers, watchdog, the private database. */
#ifndef HUMAN_SUPERVISOR_H
#define HUMAN_SUPERVISOR_H
#include "worker.h"

enum { SUPERVISOR_EXIT_BOOT = 3 }; /* a worker's exit status: it could not even begin */

int supervisor_run(void); /* `human gateway`; the exit status */

/* For reload.c: our end of a worker's link, -1 when it does not run. */
int supervisor_link(int worker);

/* `human test` and the like: one worker in this process, with the database when it needs one. */
int supervisor_command(const char *command, int argc, char **argv, bool database);

/* In such a worker that was begun without: a private database which ends with it.  Blocks until the
 * server answers; 0, or -1 and a message on stderr. */
int supervisor_database(void);
#endif
