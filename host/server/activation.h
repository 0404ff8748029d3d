/* SPDX-License-Identifier: MIT
 * activation.h -- listening sockets that are opened for us and stay open while we restart:
 * systemd's socket units, sd_listen_fds(3).
 *
 * A socket belongs to the setting with its name (FileDescriptorName=port), else to the one with
 * its port.  All workers share it. */
#ifndef HUMAN_ACTIVATION_H
#define HUMAN_ACTIVATION_H
#include <stdbool.h>

/* Called once by the supervisor, in this order.  Each returns 0, or -1 and a message on stderr. */
int activation_take(void);   /* reads LISTEN_*, which no child sees afterwards */
int activation_finish(void); /* checks that every socket has its setting; updates `host` and the ports */

/* Between the two: puts `count` copies of the socket for the
 * setting `port_name` into `fds`.  1: there is none, open one. */
int activation_share(const char *port_name, int count, int *fds);
/* The same for the next Unix socket, which serves `port` as well, or `agent_port` if named so. */
int activation_share_unix(int count, int *fds, bool *is_agent);
bool activation_has(const char *port_name); /* it was shared */
#endif
