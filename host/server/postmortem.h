/* SPDX-License-Identifier: MIT
 * postmortem.h -- the last words of a process that is ended by SIGABRT (watchdog.h, or abort()), or by
 * a fault of its own (SIGSEGV and its like): which request, where in the scripts, where in C. */
#ifndef HUMAN_POSTMORTEM_H
#define HUMAN_POSTMORTEM_H
void postmortem_install(void);
#endif
