/* SPDX-License-Identifier: MIT
 * bus.h -- messages and connections between workers; each worker has one datagram inbox. */
#ifndef HUMAN_BUS_H
#define HUMAN_BUS_H
#include <stddef.h>

#include "server/worker.h"

int bus_init(const worker_spec *spec);
void bus_hand_over(void); /* this worker's successor takes over the inbox */
void bus_stop(void);

size_t bus_queued(void); /* bytes waiting for room in other workers' inboxes */

/* Hands a connection over: the other worker gets a copy of `fd` and `head` (at most 4 MB) and calls
 * pass_adopt().  The caller keeps `fd`, and closes it once this has returned 0.
 * Errors: HOST_EINVAL no such worker, HOST_ELIMIT head too large, HOST_EFULL its queue is full. */
int bus_send_conn(int worker, int fd, const void *head, size_t n);
#endif
