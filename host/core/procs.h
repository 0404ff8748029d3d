/* SPDX-License-Identifier: MIT
 * procs.h -- other processes, read from /proc as far as permissions
 * allow: all of them for root, else those of our own user. */
#ifndef HUMAN_PROCS_H
#define HUMAN_PROCS_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Alive and not about to end: no zombie, and no SIGKILL pending. */
bool procs_runs(pid_t pid);
/* The same, and it runs this program. */
bool procs_is_host(pid_t pid);
pid_t procs_parent(pid_t pid); /* 0: unknown */
void procs_each(void (*found)(pid_t pid, void *to), void *to); /* of all that /proc lists */
unsigned long procs_threads(uid_t uid); /* of all its visible processes */
/* How long its main thread has waited for a processor, in seconds, since it began; 0: unknown. */
double procs_starved(pid_t pid);
/* "nginx (process 812)". */
void procs_name(pid_t pid, char *out, size_t n);

/* Finds processes with an open descriptor of `target`, as links
 * in /proc/PID/fd name it ("socket:[1234]", the path of a file).
 * Returns their number; at most `max` of them are in `pids`. */
int procs_with(const char *target, pid_t *pids, int max);

/* The process that holds a flock() lock on this open file; 0: none, or unknown. */
pid_t procs_locker(int fd);

/* Has a signal asked us to stop?  The supervisor keeps its signals blocked while it starts. */
bool procs_stopping(void);
/* Pauses for a moment while waiting for another process; false: procs_stopping(). */
bool procs_wait(void);
#endif
