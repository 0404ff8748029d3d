/* SPDX-License-Identifier: MIT
 * postmortem.h -- the crash report of a process that ends by SIGABRT (watchdog.h, or abort()) or by
 * a fault (SIGSEGV and the like): which request, where in the scripts, where in C. */
#ifndef HUMAN_POSTMORTEM_H
#define HUMAN_POSTMORTEM_H
void postmortem_install(void);
#endif
