/* SPDX-License-Identifier: MIT
 * postmortem.h -- the crash report of a process that ends by SIGABRT (watchdog.h, or abort()) or by
 * a fault (SIGSEGV and the like): which request, where in the scripts, where in C. */
#ifndef HUMAN_POSTMORTEM_H
#define HUMAN_POSTMORTEM_H
#include <stddef.h>

void postmortem_install(void);

/* Has `write` fill `to`.  A fault ends it: what it has written stays, with " < ?" behind it. */
typedef void postmortem_writer(char *to, size_t size);
void postmortem_write(postmortem_writer *write, char *to, size_t size);
#endif
