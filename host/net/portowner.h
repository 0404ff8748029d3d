/* SPDX-License-Identifier: MIT
 * portowner.h -- is a TCP port free, and if not, who has it? */
#ifndef HUMAN_PORTOWNER_H
#define HUMAN_PORTOWNER_H
#include <stddef.h>

/* arg: "ADDRESS PORT".  0 if we can listen on it.  Otherwise -1 and the reason in `out`, with the
 * process if we may see it: "Address already in use by nginx (process 812)". */
int portowner_ask(const char *arg, char *out, size_t n);

typedef enum { PORTOWNER_UNKNOWN, PORTOWNER_ENDING, PORTOWNER_KNOWN } portowner_state;

/* What keeps us from listening there.  Known: `out` is "nginx (process 812)", or "a program of user
 * www-data" if the process is not visible.  Ending: a process that has been killed, or an old
 * connection of that port in TIME_WAIT, which lasts a minute.  Unknown: nothing found. */
portowner_state portowner_find(const char *address, int port, char *out, size_t n);
#endif
