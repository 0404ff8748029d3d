/* SPDX-License-Identifier: MIT
 * brokerkin.h -- the descendants of this process, as /proc lists them. */
#ifndef HUMAN_BROKERKIN_H
#define HUMAN_BROKERKIN_H
#include <stdbool.h>
#include <sys/types.h>

/* Kills the children of this process except those that
 * `spare` accepts; returns how many there were. */
int kin_kill_children(bool (*spare)(pid_t));

/* The number of descendants of this process; stops counting above `limit`, which is at most KIN_MAX. */
enum { KIN_MAX = 4096 };
int kin_count(int limit);
#endif
