/* SPDX-License-Identifier: MIT
 * brokerkeep.h -- the keeper: one process for each program, which waits for it and ends it and whatever it
 * has started, wherever that went. */
#ifndef HUMAN_BROKERKEEP_H
#define HUMAN_BROKERKEEP_H
#include <sys/types.h>

#include "server/brokerrun.h"

/* Forks the keeper of a program: its process, or -1 with errno.  fds: as they came with the request;
 * lifeline: its end of file says that the broker is gone. */
pid_t keep_start(const wire_call *call, const run_place *place, const int fds[WIRE_FDS], int lifeline);
#endif
