/* SPDX-License-Identifier: MIT
 * listen.h -- the listening sockets of a worker, which it inherits bound and listening. */
#ifndef HUMAN_LISTEN_H
#define HUMAN_LISTEN_H

enum { LISTEN_MAX = 6 };
enum { LISTEN_MAIN, LISTEN_AGENT, LISTEN_REDIRECT }; /* port, agent_port, tls.redirect_port */

typedef struct {
  int n;
  int fd[LISTEN_MAX];
  int port[LISTEN_MAX]; /* what each of them is: LISTEN_MAIN .. */
} listen_sockets;

int listen_init(const listen_sockets *sockets); /* 0, or -1 with a line in the log */
void listen_start(void);
void listen_stop(void);
#endif
