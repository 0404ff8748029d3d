/* SPDX-License-Identifier: MIT
 * brokerstart.h -- the broker as the supervisor sees it: started before the workers, and when it died. */
#ifndef HUMAN_BROKERSTART_H
#define HUMAN_BROKERSTART_H
#include <stdbool.h>
#include <sys/types.h>

/* 0, or -1 and a message on stderr.  Nothing is started where exec.enabled is false. */
int brokerstart_open(int workers);
int brokerstart_channel(int worker); /* on which that worker asks; -1: there is no broker */
bool brokerstart_reaped(pid_t pid, int status); /* true: it was the broker */
void brokerstart_tick(double now);              /* starts it again when it is time */
void brokerstart_close(void);                   /* ends it, and whatever it has started */
#endif
