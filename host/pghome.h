/* SPDX-License-Identifier: MIT
 * pghome.h -- where the private cluster lives, as whom it runs, which PostgreSQL runs it. */
#ifndef HUMAN_PGHOME_H
#define HUMAN_PGHOME_H
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
  char home[PATH_MAX]; /* the setting `home`; the lock is in it */
  char data[PATH_MAX]; /* the cluster */
  char run[PATH_MAX];  /* its socket; short enough for sun_path */
  char log[PATH_MAX];  /* what the server says */
  char bin[PATH_MAX];  /* directory of initdb and postgres */
  bool drop;           /* we are root: run as uid and gid below */
  uid_t uid;
  gid_t gid;
} pghome;

int pghome_find(pghome *h);     /* names the places, makes the directories around them */
int pghome_binaries(pghome *h); /* finds `bin`, fit for the cluster when there is one */
/* 0 locked; 1 another host has it, `holder` is its process id or 0; -1 error.  The lock lasts until
 * pghome_unlock() or the end of the process. */
int pghome_lock(const pghome *h, pid_t *holder);
void pghome_unlock(void);

/* A program of `bin` with these arguments, as the cluster's user, in a session of its own, its
 * output appended to the log; it gets SIGINT when this process dies.  The pid, or -1. */
pid_t pghome_spawn(const pghome *h, const char *program, const char *const *args);

/* Servers (of a host that was killed) that still work in the data directory: their number; each
 * gets `sig` when that is not 0. */
int pghome_orphans(const pghome *h, int sig);
#endif
