/* SPDX-License-Identifier: MIT
 * beneath.h -- opens files below a directory so that no name and no link leads out of it, even while
 * others change its contents. */
#ifndef HUMAN_BENEATH_H
#define HUMAN_BENEATH_H
#include <stdbool.h>
#include <stddef.h>

enum { BENEATH_NAME = 1024, BENEATH_PART = 255, BENEATH_DEPTH = 32 };

/* Is it a name for something below a directory: parts of text with one "/" between them, none of them "."
 * or ".."? */
bool beneath_ok(const char *name, size_t n);

/* The directory itself, whose path is the operator's and may be a link: a descriptor, or -1 and errno. */
int beneath_root(const char *path);

/* A descriptor, or -1 and errno.  `name` "": the root.  links: those that stay below are followed, where the
 * kernel has openat2 (Linux 5.6); else none is, and ELOOP or ENOTDIR says so.  Never waits for the other
 * end of a pipe.  flags: of open(), but O_CREAT. */
int beneath_open(int root, const char *name, int flags, bool links);

/* The directory that holds the last part of a name, which is in `last` then. */
int beneath_parent(int root, const char *name, const char **last);

extern int beneath_walks; /* for specs: as if there were no openat2 */
#endif
