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
  char log[PATH_MAX];  /* the server's log */
  char bin[PATH_MAX];  /* directory of initdb and postgres */
  bool drop;           /* we are root: run as uid and gid below */
  bool apart;          /* the cluster is elsewhere: its user cannot enter the home */
  bool known;          /* a host has used this home before; set by pghome_lock() */
  uid_t uid;
  gid_t gid;
} pghome;

int pghome_find(pghome *h);     /* sets the paths, creates their parent directories */
int pghome_binaries(pghome *h); /* finds `bin`, of the cluster's version if there is one */
/* 0: locked; 1: another host has it, `holder` is its process ID or 0; -1: error.  The lock lasts
 * until pghome_unlock() or the end of the process. */
int pghome_lock(pghome *h, pid_t *holder);
void pghome_unlock(void);

/* Locks the cluster, which must exist, for as long: no host of another home can use it, however its
 * path is written.  0, or -1 and a message on stderr. */
int pghome_claim(const pghome *h);
/* Marks the server, which another process may have started, as in
 * use until this process ends.  `alone`: true only if nobody else
 * uses it, and nobody can from now on, so that it can be stopped. */
bool pghome_use(const pghome *h, bool alone);
/* Finds a cluster that a host up to 0.1 kept outside of this home: true, and `old` has its data
 * directory and log, if it exists and is ours. */
bool pghome_former(const pghome *h, pghome *old);

/* Runs a program of `bin` with these arguments, as the cluster's user, in its own session, with its
 * output appended to the log; it gets SIGINT when this process dies.  The pid, or -1. */
pid_t pghome_spawn(const pghome *h, const char *program, const char *const *args);

/* Counts the servers (of a killed host) that still use the
 * data directory; sends each `sig` unless that is 0. */
int pghome_orphans(const pghome *h, int sig);
/* The process in charge of the server that runs there: a living host, or the server itself if it
 * was started by hand; 0: none, it may be stopped. */
pid_t pghome_guardian(const pghome *h);
#endif
