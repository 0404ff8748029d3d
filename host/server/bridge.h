/* SPDX-License-Identifier: MIT
 * bridge.h -- what the process side may ask of the Lua state besides worker.h's bridge_*. */
#ifndef HUMAN_BRIDGE_H
#define HUMAN_BRIDGE_H
#include <stddef.h>

void bridge_on_sigusr1(int sig); /* async-signal-safe: ends a stuck interpreted script with an error */
void bridge_interrupt(int sig);  /* async-signal-safe: a command that is at work is to end now */
void bridge_trace(char *to, size_t n); /* script:line < caller .., for a process that is about to end */
size_t bridge_memory(void);      /* bytes held by the Lua state */
#endif
