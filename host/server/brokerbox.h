/* SPDX-License-Identifier: MIT
 * brokerbox.h -- the sandbox of a program: Landlock for files, seccomp for system calls. */
#ifndef HUMAN_BROKERBOX_H
#define HUMAN_BROKERBOX_H
#include "server/brokerwire.h"

/* In the process that becomes the program, once its working directory is set: 0, or -1 with errno and what
 * failed.  Without WIRE_STRICT, missing kernel support is no failure; a missing path is one. */
int box_files(const wire_call *call, const char *program, const char **what);
int box_calls(const wire_call *call, const char **what);

int box_landlock(void); /* the version of the kernel's Landlock; 0: it has none */
bool box_seccomp(void);
#endif
