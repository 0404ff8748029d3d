/* SPDX-License-Identifier: MIT
 * fetchhead.h -- the head of an outbound request's response, line by line as curl hands it over. */
#ifndef HUMAN_FETCHHEAD_H
#define HUMAN_FETCHHEAD_H
#include <stdbool.h>

#include "core/buf.h"

enum { FETCHHEAD_BYTES = 64 << 10, FETCHHEAD_COUNT = 256 };

typedef struct {
  buf b;         /* name NUL value NUL ..; names in lower case */
  int count, status;
  bool begun;    /* a status line came, and the empty line that ends its head has not */
  bool complete; /* the head of the final (not 1xx) response is complete */
} fetchhead;

void fetchhead_init(fetchhead *h);
void fetchhead_free(fetchhead *h);
int fetchhead_line(fetchhead *h, const char *p, size_t n); /* -1: over a limit */
/* {name = value, ..}; the values of a repeated name are joined by ", ".  0 or -1. */
int fetchhead_pack(const fetchhead *h, buf *out);
#endif
