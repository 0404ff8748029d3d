/* SPDX-License-Identifier: MIT
 * relay.h -- a connection whose conversation is at another worker, at the other end of a local stream. */
#ifndef HUMAN_RELAY_H
#define HUMAN_RELAY_H
#include <stdbool.h>
#include <stddef.h>

typedef struct conn conn;
typedef struct relay relay;

int relay_open(conn *c, int fd); /* owns fd; 0, or -1 */
void relay_close(conn *c);
size_t relay_feed(conn *c, const char *p, size_t n);
bool relay_wants_reading(const relay *r);
void relay_drained(relay *r); /* the client has taken what it was sent */
void relay_end(relay *r);     /* the client sends no more */
int relay_count(void);        /* connections that are relayed */
#endif
