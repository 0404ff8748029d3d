/* SPDX-License-Identifier: MIT
 * watch.h -- watches script files for changes, for development: the setting reload.watch, --watch. */
#ifndef HUMAN_WATCH_H
#define HUMAN_WATCH_H
#include <stdbool.h>

/* Watches all directories below those of a ':'-separated list.  Logs those that it cannot watch. */
void watch_open(const char *paths);
int watch_fd(void);           /* to poll for reading; -1: nothing is watched */
bool watch_due(double now);   /* there was a change, and none for WATCH_QUIET_S since */
#endif
