/* SPDX-License-Identifier: MIT
 * instance.h -- one name for one start of one server: random, so that a program which asks for it knows
 * whether who answers at an address is the server that it means. */
#ifndef HUMAN_INSTANCE_H
#define HUMAN_INSTANCE_H

/* In the process that starts the others, before it forks.  0, or -1: no random bytes. */
int instance_make(void);

const char *instance_id(void); /* 32 hex digits, or "" where nothing was started */
#endif
