/* SPDX-License-Identifier: MIT
 * preface.h -- the PROXY head at the start of connections to some listeners (http.proxy_protocol). */
#ifndef HUMAN_PREFACE_H
#define HUMAN_PREFACE_H
#include <stdbool.h>
#include <stddef.h>

typedef struct conn conn;

bool preface_wanted(int listener, bool trusted); /* trusted: the peer is a trusted proxy */
bool preface_wanted_here(void);                  /* on the main port, from this machine */

/* How many of the first `n` bytes of the connection belong to its PROXY head.  The head is complete when
 * c->preface is false; a malformed one closes the connection. */
size_t preface_take(conn *c, const char *p, size_t n);
#endif
