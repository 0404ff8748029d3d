/* SPDX-License-Identifier: MIT
 * draft.h -- scripts under development, in a directory that no server reads: `human check DIR` and
 * `human test PATH` put it ahead of the shipped ones. */
#ifndef HUMAN_DRAFT_H
#define HUMAN_DRAFT_H
#include <stdbool.h>

/* Puts the scripts directory that `path` is, or is in, before the shipped scripts, unless the
 * search path already contains it.  0, or -1 and a message on stderr. */
int draft_check(const char *path);

/* The same for specs (NULL: those of the working directory).  Sets
 * `draft` if they are an operator's, not the source tree's: those get
 * no database until they request one, and never a configured one. */
int draft_test(const char *path, bool *draft);

/* Makes a home for a private database, for as long as this process runs; draft_end() removes it. */
int draft_home(void);
void draft_end(void);
#endif
