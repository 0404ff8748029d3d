/* SPDX-License-Identifier: MIT
 * portowner.h -- is a TCP port free, and if not, who has it? */
#ifndef HUMAN_PORTOWNER_H
#define HUMAN_PORTOWNER_H
#include <stddef.h>

/* arg: "ADDRESS PORT".  0 when it can be listened on; -1 with the reason in `out`, and the process that
 * has it as far as we may see: "Address already in use by nginx (process 812)". */
int portowner_ask(const char *arg, char *out, size_t n);

typedef enum { PORTOWNER_UNKNOWN, PORTOWNER_ENDING, PORTOWNER_KNOWN } portowner_state;

/* Who is in the way of listening there.  Known: `out` is "nginx (process 812)", or "a program of user
 * www-data" where the process is not visible.  Ending: a process that has been killed, or a connection from
 * that port that the system remembers for a minute (TIME_WAIT).  Unknown: nobody is seen. */
portowner_state portowner_find(const char *address, int port, char *out, size_t n);
#endif
