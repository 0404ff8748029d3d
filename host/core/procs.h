/* SPDX-License-Identifier: MIT
 * procs.h -- other processes from /proc, as far as permissions go: all of them for root, else those
 * of our own user. */
#ifndef HUMAN_PROCS_H
#define HUMAN_PROCS_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Alive and not about to end: no zombie, and no SIGKILL on its way. */
bool procs_runs(pid_t pid);
/* The same, of a process of this program. */
bool procs_is_host(pid_t pid);
pid_t procs_parent(pid_t pid); /* 0: unknown */
unsigned long procs_threads(uid_t uid); /* of all its processes that we see */
/* "nginx (process 812)". */
void procs_name(pid_t pid, char *out, size_t n);

/* Processes that have a descriptor of this kind, as links in /proc/PID/fd call it ("socket:[1234]", the path
 * of a file): their number; at most `max` of them in `pids`. */
int procs_with(const char *target, pid_t *pids, int max);

/* Who holds a lock of flock() on this open file; 0: nobody, or it cannot be told. */
pid_t procs_locker(int fd);

/* We are asked to stop; the supervisor holds its signals blocked while it starts. */
bool procs_stopping(void);
/* A moment's pause for who waits for others; false: procs_stopping(). */
bool procs_wait(void);
#endif
