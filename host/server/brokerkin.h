/* SPDX-License-Identifier: MIT
 * brokerkin.h -- the processes below this one, as /proc lists them. */
#ifndef HUMAN_BROKERKIN_H
#define HUMAN_BROKERKIN_H
#include <stdbool.h>
#include <sys/types.h>

/* Kills the children of this process but those that `spare` says; how many there were. */
int kin_kill_children(bool (*spare)(pid_t));

/* How many there are below this process; counting ends above `limit`, which is at most KIN_MAX. */
enum { KIN_MAX = 4096 };
int kin_count(int limit);
#endif
