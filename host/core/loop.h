/* SPDX-License-Identifier: MIT
 * loop.h -- the one event loop of a worker, and the clocks for Lua (host_now, host_timer and their
 * siblings in host_api.h). */
#ifndef HUMAN_LOOP_H
#define HUMAN_LOOP_H
#include <stdbool.h>
#include <uv.h>

uv_loop_t *loop_uv(void);
void loop_wake(void);      /* the next wait ends at once: something was queued outside a callback */
void loop_interrupt(void); /* async-signal-safe: ends the current wait */

/* ---- for worker.c ---- */
int loop_open(void);       /* 0, or -1 */
void loop_run(bool wait);  /* wait: until something is ready, unless an event is queued */
void loop_close(void);     /* closes every handle still open on it */
#endif
