/* SPDX-License-Identifier: MIT
 * fds.c -- see fds.h.  Owns nothing. */
#include "core/fds.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int by_number(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}

void fds_keep_only(int *fds, size_t n) {
  unsigned from = STDERR_FILENO + 1;
  qsort(fds, n, sizeof *fds, by_number);
  for (size_t i = 0; i < n; i++) {
    if (fds[i] < (int)from) continue;
    if ((unsigned)fds[i] > from) close_range(from, (unsigned)fds[i] - 1, 0);
    from = (unsigned)fds[i] + 1;
  }
  close_range(from, ~0U, 0);
}

int fds_write(int fd, const void *p, size_t n) {
  for (const char *at = p; n;) {
    ssize_t k = write(fd, at, n);
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) return errno;
    at += k;
    n -= (size_t)k;
  }
  return 0;
}
