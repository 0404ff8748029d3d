/* SPDX-License-Identifier: MIT
 * brokercall.h -- a worker's program calls: its requests to the broker, and the pipes.
 * The Lua side is host_exec() and its siblings in host_api.h. */
#ifndef HUMAN_BROKERCALL_H
#define HUMAN_BROKERCALL_H

int brokercall_init(int channel); /* channel -1: exec is disabled; returns 0, or -1 */
void brokercall_stop(void);
#endif
