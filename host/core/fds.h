/* SPDX-License-Identifier: MIT
 * fds.h -- which descriptors stay open across exec. */
#ifndef HUMAN_FDS_H
#define HUMAN_FDS_H
#include <stddef.h>

/* Closes everything above 2 but these, of which those below 3 (-1: none) do not matter; sorts them. */
void fds_keep_only(int *fds, size_t n);
#endif
