/* SPDX-License-Identifier: MIT
 * held.h -- secrets that a command has been given and not kept yet: read unseen in a terminal, or from a file
 * or standard input.  They are here, so that they are in no Lua string, and wiped when the command ends. */
#ifndef HUMAN_HELD_H
#define HUMAN_HELD_H
#include <stddef.h>

enum { HELD_MAX = 8, HELD_INTERRUPTED = 1 };

/* from: a path, "-" (standard input), or "" (asks in the terminal).  0; HELD_INTERRUPTED: Ctrl-C; or -1
 * and why. */
int held_take(const char *name, const char *from, char *why, size_t why_n);

/* From now on, this process uses it as the key of a model server.  0 or -1. */
int held_try(const char *name);

/* Keeps it in the sealed store of the server's home.  0, or -1 and why. */
int held_keep(const char *name, char *why, size_t why_n);

/* Takes one out of that store again. */
int held_remove(const char *name, char *why, size_t why_n);
#endif
