/* SPDX-License-Identifier: MIT
 * pghome.h -- the private cluster's directory, its user, and the PostgreSQL binaries that run it. */
#ifndef HUMAN_PGHOME_H
#define HUMAN_PGHOME_H
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
  char home[PATH_MAX]; /* the setting `home`; the home's lock is in it */
  char data[PATH_MAX]; /* the cluster; its own lock is the directory itself */
  char run[PATH_MAX];  /* its socket; short enough for sun_path */
  char log[PATH_MAX];  /* what the server says */
  char bin[PATH_MAX];  /* directory of initdb and postgres */
  bool drop;           /* we are root: run as uid and gid below */
  bool apart;          /* the cluster is not in the home, which its user cannot enter */
  bool known;          /* a host has had this home before; set by pghome_lock() */
  uid_t uid;
  gid_t gid;
} pghome;

int pghome_find(pghome *h);     /* names the places, makes the directories around them */
int pghome_binaries(pghome *h); /* finds `bin`, fit for the cluster when there is one */
/* 0 locked; 1 another host has it, `holder` is its process id or 0; -1 error.  The lock lasts until
 * pghome_unlock() or the end of the process. */
int pghome_lock(pghome *h, pid_t *holder);
void pghome_unlock(void);

/* The cluster, which exists, is ours until then: no other home's host works on it, however its path is
 * written.  0, or -1 and a message on stderr. */
int pghome_claim(const pghome *h);
/* Who uses a server that another process started says so, until the end of the process; `alone`: nobody does
 * or may from now on, so it can be stopped. */
bool pghome_use(const pghome *h, bool alone);
/* Where hosts up to 0.1 had this home's cluster, when it is not in the home: true, and `old` has its data
 * directory and log, when there is one and it is ours. */
bool pghome_former(const pghome *h, pghome *old);

/* A program of `bin` with these arguments, as the cluster's user, in a session of its own, its
 * output appended to the log; it gets SIGINT when this process dies.  The pid, or -1. */
pid_t pghome_spawn(const pghome *h, const char *program, const char *const *args);

/* Servers (of a host that was killed) that still work in the data directory: their number; each
 * gets `sig` when that is not 0. */
int pghome_orphans(const pghome *h, int sig);
/* Who looks after the server that works there: a living host, or the server itself when it was started by
 * hand; 0: nobody, it may be stopped. */
pid_t pghome_guardian(const pghome *h);
#endif
