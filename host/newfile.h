/* SPDX-License-Identifier: MIT
 * newfile.h -- write a file that does not exist yet, inside a directory and nowhere else. */
#ifndef HUMAN_NEWFILE_H
#define HUMAN_NEWFILE_H
#include <stddef.h>

/* `path` is relative to `dir`; directories on the way are made.  What is there is never changed.
 * Readable by all, writable by its owner only, whatever the umask.  0, or -1 and "path: reason". */
int newfile_write(const char *dir, const char *path, const char *text, size_t n, char *why,
                  size_t why_n);
#endif
