/* SPDX-License-Identifier: MIT
 * sockets.h -- the listening sockets: opened once by the supervisor, inherited by every worker. */
#ifndef HUMAN_SOCKETS_H
#define HUMAN_SOCKETS_H

/* `count` sockets that listen on the setting `host` and the port in the setting `port_name` and share
 * its connections; or as many copies of the socket that we inherited for it (activation.h).
 * 0, or -1 and a message on stderr. */
int sockets_listen(const char *port_name, int count, int *fds);
/* If `host` is 127.0.0.1, listens on the same port of ::1 as well: many programs try that first for
 * `localhost`.  1, or 0 and no sockets: another host, or ::1 is not available. */
int sockets_listen_twin(const char *port_name, int count, int *fds);
int sockets_any(int *port); /* listens on a free loopback port; the fd, or -1 */
int sockets_check_host(void); /* the setting `host` is an address; 0, or -1 and a message */
void sockets_url(const char *port_name, char *out, unsigned long n); /* to show to people */
#endif
