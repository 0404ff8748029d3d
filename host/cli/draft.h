/* SPDX-License-Identifier: MIT
 * draft.h -- scripts under development, in a directory that no server reads: `human check DIR` and
 * `human test PATH` put it ahead of the shipped ones. */
#ifndef HUMAN_DRAFT_H
#define HUMAN_DRAFT_H
#include <stdbool.h>

/* Put the directory of scripts that `path` is or lies in before the shipped scripts.  One that the
 * search path has already changes nothing.  0, or -1 and a message on stderr. */
int draft_check(const char *path);

/* The same for specs (NULL: those of the working directory).  `draft` says whether they are an
 * operator's, which get no database until they ask for one, and never a configured one; specs of
 * the source tree are not. */
int draft_test(const char *path, bool *draft);

/* A home for a private database that lives as long as this process; draft_end() removes it. */
int draft_home(void);
void draft_end(void);
#endif
