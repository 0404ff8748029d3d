/* SPDX-License-Identifier: MIT
 * activation.h -- listening sockets that somebody else opened and keeps open while we restart:
 * systemd's socket units, sd_listen_fds(3).
 *
 * A socket belongs to the setting that it is named after (FileDescriptorName=port), or, named
 * otherwise, to the one that has its port.  All workers share it. */
#ifndef HUMAN_ACTIVATION_H
#define HUMAN_ACTIVATION_H
#include <stdbool.h>

/* In this order, once, by the supervisor.  Each 0, or -1 and a message on stderr. */
int activation_take(void);   /* reads LISTEN_*, which no child sees afterwards */
int activation_finish(void); /* every socket has found its setting; `host` and ports tell the truth */

/* Between them: `count` copies of the socket of the setting `port_name`, in `fds`.  1: there is
 * none, open your own. */
int activation_share(const char *port_name, int count, int *fds);
/* The same of the next Unix socket, which is one more door to `port`, or by its name to `agent_port`. */
int activation_share_unix(int count, int *fds, bool *is_agent);
bool activation_has(const char *port_name); /* it was shared */
#endif
