/* SPDX-License-Identifier: MIT
 * wheel.h -- a timer wheel: all connections, in slots by the time of their next check. */
#ifndef HUMAN_WHEEL_H
#define HUMAN_WHEEL_H

typedef struct conn conn;

void wheel_init(void);
void wheel_schedule(conn *c); /* after a change of its deadline or stall_at */
void wheel_each(void (*fn)(conn *c)); /* fn may close its connection */
#endif
