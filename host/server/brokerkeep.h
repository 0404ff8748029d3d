/* SPDX-License-Identifier: MIT
 * brokerkeep.h -- the keeper: one process for each program.  It waits for the program, and ends it with all
 * its descendants, even those that detached. */
#ifndef HUMAN_BROKERKEEP_H
#define HUMAN_BROKERKEEP_H
#include <sys/types.h>

#include "server/brokerrun.h"

/* Forks the keeper of a program.  Returns its pid, or -1 with errno.  fds: from the request;
 * lifeline: end of file means that the broker has died. */
pid_t keep_start(const wire_call *call, const run_place *place, const int fds[WIRE_FDS], int lifeline);
#endif
