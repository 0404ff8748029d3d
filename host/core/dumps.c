/* SPDX-License-Identifier: MIT
 * dumps.c -- see dumps.h.  The kernel writes no dump of ours; one that somebody else takes (gcore) has
 * registers and names of files, and no page of memory.  Owns nothing. */
#include "core/dumps.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/fds.h"

void dumps_forbid(void) {
  struct rlimit r;
  if (!getrlimit(RLIMIT_CORE, &r)) setrlimit(RLIMIT_CORE, &(struct rlimit){0, r.rlim_max});
  int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  fds_write(fd, "0", 1);
  close(fd);
}
