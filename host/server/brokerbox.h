/* SPDX-License-Identifier: MIT
 * brokerbox.h -- what the kernel keeps a program from: files by Landlock, system calls by seccomp. */
#ifndef HUMAN_BROKERBOX_H
#define HUMAN_BROKERBOX_H
#include "server/brokerwire.h"

/* In the process that becomes the program, whose working directory is set: 0, or -1 with errno and what was
 * not to be had.  Without WIRE_STRICT a kernel that lacks it is no failure; a path that is missing is one. */
int box_files(const wire_call *call, const char *program, const char **what);
int box_calls(const wire_call *call, const char **what);

int box_landlock(void); /* the version of the kernel's Landlock; 0: it has none */
bool box_seccomp(void);
#endif
