/* SPDX-License-Identifier: MIT
 * preface.h -- the PROXY head that connections of some listeners begin with (http.proxy_protocol). */
#ifndef HUMAN_PREFACE_H
#define HUMAN_PREFACE_H
#include <stdbool.h>
#include <stddef.h>

typedef struct conn conn;

bool preface_wanted(int listener, bool trusted); /* of a peer that is, or is not, a trusted proxy */
bool preface_wanted_here(void);                  /* on the main port, of a client of this machine */

/* Of `n` bytes from the beginning of the connection, how many belonged to its head.  It is complete when
 * c->preface is false; the connection is closed when it is none. */
size_t preface_take(conn *c, const char *p, size_t n);
#endif
