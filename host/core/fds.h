/* SPDX-License-Identifier: MIT
 * fds.h -- which descriptors stay open across exec. */
#ifndef HUMAN_FDS_H
#define HUMAN_FDS_H
#include <stddef.h>

/* Closes every descriptor above 2 except these.  Entries
 * below 3 (-1: none) are ignored.  Sorts `fds`. */
void fds_keep_only(int *fds, size_t n);
#endif
