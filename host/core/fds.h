/* SPDX-License-Identifier: MIT
 * fds.h -- descriptors: which stay open across exec, and writing all of a text. */
#ifndef HUMAN_FDS_H
#define HUMAN_FDS_H
#include <stddef.h>

/* Closes every descriptor above 2 except these.  Entries
 * below 3 (-1: none) are ignored.  Sorts `fds`. */
void fds_keep_only(int *fds, size_t n);

/* All of it, however often it takes: 0, or an errno.  For descriptors that block. */
int fds_write(int fd, const void *p, size_t n);
#endif
