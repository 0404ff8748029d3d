/* SPDX-License-Identifier: MIT
 * worker.h -- one process, one loop.  The modules below live in it; each has one init and one stop,
 * called by worker.c in this order and its reverse.  All state is per process: nothing is locked. */
#ifndef HUMAN_WORKER_H
#define HUMAN_WORKER_H
#include <stdbool.h>
#include <uv.h>

#include "core/conf.h"

enum { WORKER_MAX = 16, LISTENER_MAX = 6 };
enum { LISTEN_MAIN, LISTEN_AGENT, LISTEN_REDIRECT }; /* port, agent_port, tls.redirect_port */

typedef struct {
  int index, count;             /* which worker (-1: none, the checker), of how many */
  int listeners;                /* how many listening sockets this worker owns */
  int listen_port[LISTENER_MAX]; /* which port each of them is: LISTEN_MAIN .. */
  int listen_fd[LISTENER_MAX];  /* bound and listening already; the supervisor keeps a copy */
  int bus_in;                   /* own AF_UNIX datagram inbox */
  int bus_out[WORKER_MAX];      /* every worker's inbox, for writing */
  int generation;               /* of scripts, the one to begin with */
  int control_fd;               /* to the supervisor; closed: it is gone, stop */
  int argc;                     /* what `human test` and other Lua sub-commands were given */
  char **argv;
  bool draft;                   /* `human test` of an operator's own specs */
  const char *refused;          /* why there is no bundle (a sub-command's), or "" */
  const char *command;          /* NULL: serve; else the Lua sub-command to run, then exit */
} worker_spec;

int worker_run(const worker_spec *spec); /* never returns to the supervisor's code; exit status */
uv_loop_t *worker_loop(void);
void worker_wake(void);          /* end the loop's wait: something was queued outside a callback */
void worker_stop_accepting(void);
void worker_retire(void);        /* drain and end, while a replacement serves already */

/* conn.c   */ int conn_init(const worker_spec *spec);  void conn_stop_accepting(void);
               void conn_flush(void);        /* write what this turn queued; after each dispatch */
               void conn_resume_reading(void); /* the event queue drained */
               int conn_count(void);         /* open connections */
               int relay_count(void);        /* those of them whose conversation is elsewhere */
               void conn_shutdown(void);     /* close idle ones, ws with 1001; at drain */
/* db.c     */ int db_init(void);    void db_stop(void);
/* fetch.c  */ int fetch_init(void); void fetch_stop(void);
/* bus.c    */ int bus_init(const worker_spec *spec); void bus_stop(void);
               void bus_hand_over(void);     /* the inbox belongs to this worker's successor now */
/* bridge.c */ int bridge_init(const worker_spec *spec);
               int bridge_dispatch(double budget_s); /* 1: Lua stopped early to be fair */
               void bridge_stop(void);
               int bridge_exit_code(int *code);      /* a sub-command has finished: 1 and its code */
#endif
