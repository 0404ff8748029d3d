/* SPDX-License-Identifier: MIT
 * beneath.h -- opens files below a directory so that no name and no link leads out of it, even while
 * others change its contents. */
#ifndef HUMAN_BENEATH_H
#define HUMAN_BENEATH_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { BENEATH_NAME = 1024, BENEATH_PART = 255, BENEATH_DEPTH = 32 };

/* Is it a valid relative name: UTF-8 parts with one "/" between them, none of them "." or ".."? */
bool beneath_ok(const char *name, size_t n);

/* Opens the directory itself.  The operator chose its path,
 * so it may be a link.  -1 and errno on failure. */
int beneath_root(const char *path);

/* Returns a descriptor, or -1 and errno.  `name` "" is the root.  With `links`,
 * follows links that stay below the root, if the kernel has openat2 (Linux
 * 5.6); otherwise every link fails with ELOOP or ENOTDIR.  Never waits for the
 * other end of a pipe.  `flags` are those of open(), without O_CREAT. */
int beneath_open(int root, const char *name, int flags, bool links);

/* Opens the directory that holds the last part of a name, and points `last` to that part. */
int beneath_parent(int root, const char *name, const char **last);

/* The directory that the first n bytes of a name are, made with its parents where it is missing: a
 * descriptor, or -1 and errno.  The name is one that beneath_ok() accepts; no link is followed. */
int beneath_make(int root, const char *name, size_t n, mode_t mode);

/* Gives what is called `from` another name, which nothing may have yet: 0, or an errno (EEXIST). */
int beneath_rename_new(int from_dir, const char *from, int dir, const char *name);

/* That a name is there, or is not any more, outlives a loss of power: 0, or an errno. */
int beneath_sync(int dir);

extern int beneath_walks; /* for specs: pretend that there is no openat2 */
#endif
