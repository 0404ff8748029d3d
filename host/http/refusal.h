/* SPDX-License-Identifier: MIT
 * refusal.h -- answers to requests that the host refuses before Lua sees them. */
#ifndef HUMAN_REFUSAL_H
#define HUMAN_REFUSAL_H
#include <stddef.h>

#include "http/http1.h"

enum {
  REFUSAL_PLAIN = 497, /* sent as 400: plain HTTP on a TLS port */
  REFUSAL_BODY = 1024, /* largest text for host_refusal() */
  REFUSAL_ROOM = REFUSAL_BODY + 512,
};

/* Writes a whole answer with `status` and the text that host_refusal()
 * got for the path of `h` (which may be NULL, or have no target yet).
 * Returns its length, or 0 when `room` is less than REFUSAL_ROOM. */
size_t refusal_write(const http1 *h, int status, char *out, size_t room);
#endif
