/* SPDX-License-Identifier: MIT
 * refusal.h -- answers to requests that the host refuses before Lua sees them. */
#ifndef HUMAN_REFUSAL_H
#define HUMAN_REFUSAL_H
#include <stddef.h>

#include "http/http1.h"

enum {
  REFUSAL_PLAIN = 497, /* told as 400: no TLS where it is spoken */
  REFUSAL_BODY = 1024, /* bytes of a text given to host_refusal() */
  REFUSAL_ROOM = REFUSAL_BODY + 512,
};

/* The whole answer with `status`, in the words that host_refusal() was given for the path of `h` (which
 * may be NULL, or have no target yet).  Its length, or 0 when `room` is less than REFUSAL_ROOM. */
size_t refusal_write(const http1 *h, int status, char *out, size_t room);
#endif
