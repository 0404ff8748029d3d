/* SPDX-License-Identifier: MIT
 * activation.h -- listening sockets that are opened for us and stay open while we restart:
 * systemd's socket units, sd_listen_fds(3).
 *
 * A socket belongs to the setting with its name (FileDescriptorName=port), else to the one with
 * its port.  All workers share it. */
#ifndef HUMAN_ACTIVATION_H
#define HUMAN_ACTIVATION_H
#include <stdbool.h>

/* In this order, once, by the supervisor.  Each 0, or -1 and a message on stderr. */
int activation_take(void);   /* reads LISTEN_*, which no child sees afterwards */
int activation_finish(void); /* checks that every socket has its setting; updates `host` and the ports */

/* Between the two: puts `count` copies of the socket of the setting `port_name` into `fds`.  1: there
 * is none, open your own. */
int activation_share(const char *port_name, int count, int *fds);
/* The same for the next Unix socket, which also serves `port`, or by its name `agent_port`. */
int activation_share_unix(int count, int *fds, bool *is_agent);
bool activation_has(const char *port_name); /* it was shared */
#endif
