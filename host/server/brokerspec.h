/* SPDX-License-Identifier: MIT
 * brokerspec.h -- reads the spec of host_exec(): one part
 * is for the broker, the rest for the call. */
#ifndef HUMAN_BROKERSPEC_H
#define HUMAN_BROKERSPEC_H
#include <stdbool.h>

#include "core/buf.h"
#include "core/op.h"

typedef struct {
  buf request;        /* a message of brokerwire.h */
  buf input;          /* for its standard input */
  size_t max;         /* bytes to keep of each output */
  bool stream, open;  /* output in pieces; more input will come */
  bool strict_max;    /* kill it at the maximum */
} brokerspec;

int brokerspec_read(brokerspec *s, host_str *packed); /* 0, HOST_EINVAL, or HOST_ELIMIT: too large */
void brokerspec_free(brokerspec *s);
#endif
