/* SPDX-License-Identifier: MIT
 * brokerstart.h -- starts the broker before the workers, and restarts it when it has died. */
#ifndef HUMAN_BROKERSTART_H
#define HUMAN_BROKERSTART_H
#include <stdbool.h>
#include <sys/types.h>

/* 0, or -1 and a message on stderr.  Starts nothing if exec.enabled is false. */
int brokerstart_open(int workers);
int brokerstart_channel(int worker); /* for that worker's requests; -1: there is no broker */
bool brokerstart_reaped(pid_t pid, int status); /* true: it was the broker */
void brokerstart_tick(double now);              /* restarts it when due */
void brokerstart_close(void);                   /* ends it, and everything it has started */
#endif
