/* SPDX-License-Identifier: MIT
 * bridge.h -- the process's interface to the Lua state. */
#ifndef HUMAN_BRIDGE_H
#define HUMAN_BRIDGE_H
#include <stddef.h>

#include "server/worker.h"

int bridge_init(const worker_spec *spec);
int bridge_dispatch(double budget_s); /* 1: Lua has more to do */
void bridge_stop(bool properly);
int bridge_exit_code(int *code); /* a sub-command has finished: 1 and its code */

void bridge_on_sigusr1(int sig); /* async-signal-safe: raises in a stuck interpreted script */
void bridge_interrupt(int sig);  /* async-signal-safe: ends a running command now */
void bridge_trace(char *to, size_t n); /* "script:line < caller ..", for a process about to end; may fault */
size_t bridge_memory(void);      /* bytes held by the Lua state */
#endif
