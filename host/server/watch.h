/* SPDX-License-Identifier: MIT
 * watch.h -- noticing that script files changed, for development: the setting reload.watch, --watch. */
#ifndef HUMAN_WATCH_H
#define HUMAN_WATCH_H
#include <stdbool.h>

/* Watch all directories below those of a ':'-separated list.  What cannot be watched is logged. */
void watch_open(const char *paths);
int watch_fd(void);           /* to poll for reading; -1: nothing is watched */
bool watch_due(double now);   /* something changed, and nothing more for WATCH_QUIET_S since */
#endif
