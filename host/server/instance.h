/* SPDX-License-Identifier: MIT
 * instance.h -- a random id for one start of one server.  With it a
 * client checks that the server at an address is the one it means.
 *
 * And the pass of that server: a random text that the control socket gives to its own user and group, by
 * which a command shows that it is the operator's.  It ends with the process. */
#ifndef HUMAN_INSTANCE_H
#define HUMAN_INSTANCE_H

/* In the supervisor, before it forks.  0, or -1: no random bytes. */
int instance_make(void);

const char *instance_id(void);   /* 32 hex digits, or "" if no server was started */
const char *instance_pass(void); /* 64 hex digits, or "" */
#endif
