/* SPDX-License-Identifier: MIT
 * sockets.h -- the listening sockets: made once by the supervisor, inherited by every worker. */
#ifndef HUMAN_SOCKETS_H
#define HUMAN_SOCKETS_H

/* `count` sockets listening on the setting `host` and the port in the setting `port_name`, which
 * share its connections; or as many copies of the one that we were handed for it (activation.h).
 * 0, or -1 and a message on stderr. */
int sockets_listen(const char *port_name, int count, int *fds);
/* Where `host` is 127.0.0.1, the same port on ::1 as well: to many programs `localhost` is that first.
 * 1, or 0 and no sockets: another host, or this machine has no ::1 to spare. */
int sockets_listen_twin(const char *port_name, int count, int *fds);
int sockets_any(int *port); /* one on a free loopback port; the fd, or -1 */
int sockets_check_host(void); /* the setting `host` is an address; 0, or -1 and a message */
void sockets_url(const char *port_name, char *out, unsigned long n); /* where a person would look */
#endif
