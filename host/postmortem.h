/* SPDX-License-Identifier: MIT
 * postmortem.h -- the last words of a worker that is ended by SIGABRT (watchdog.h, or abort()). */
#ifndef HUMAN_POSTMORTEM_H
#define HUMAN_POSTMORTEM_H
void postmortem_install(void);
#endif
