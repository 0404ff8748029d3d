/* SPDX-License-Identifier: MIT
 * brokercall.h -- a worker's calls of programs: what it asks of the broker, and their pipes.
 * Lua's side is host_exec() and its like in host_api.h. */
#ifndef HUMAN_BROKERCALL_H
#define HUMAN_BROKERCALL_H

int brokercall_init(int channel); /* -1: programs are switched off; 0, or -1 */
void brokercall_stop(void);
#endif
