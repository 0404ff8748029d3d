/* SPDX-License-Identifier: MIT
 * pgembed.h -- the private PostgreSQL cluster: created, started, kept running and stopped with the
 * host, if no database.url is configured. */
#ifndef HUMAN_PGEMBED_H
#define HUMAN_PGEMBED_H
#include <stdbool.h>
#include <sys/types.h>

/* Blocks until the server answers, then sets database.url.  `share`: if another host has this home,
 * use its server instead of failing.  0, or -1 and a message on stderr. */
int pgembed_start(int connections, bool share);
/* Sets database.url to the private server of the host that runs with this home.  Starts, creates
 * and awaits nothing.  0, or -1: there is none. */
int pgembed_join(void);
bool pgembed_reaped(pid_t pid, int status); /* true: that was the server; it will be restarted */
void pgembed_tick(void);                    /* restart when due; call a few times a second */
void pgembed_stop(void);                    /* fast shutdown, at most 20 s; releases the home */
#endif
