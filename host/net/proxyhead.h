/* SPDX-License-Identifier: MIT
 * proxyhead.h -- the PROXY protocol, versions 1 and 2: the header that a proxy sends ahead of a
 * connection's own bytes (haproxy.org, doc/proxy-protocol.txt). */
#ifndef HUMAN_PROXYHEAD_H
#define HUMAN_PROXYHEAD_H
#include <stddef.h>

#include "core/peer.h"

enum {
  PROXYHEAD_V1_MAX = 107,  /* with its line end */
  PROXYHEAD_MAX = 4096     /* of version 2: addresses, and extensions that we skip */
};

typedef enum { PROXYHEAD_MORE, PROXYHEAD_SOURCE, PROXYHEAD_NOBODY, PROXYHEAD_BAD } proxyhead;

/* Parses the first `n` bytes of a connection.  MORE: the head is incomplete.  SOURCE: the client is
 * `source`.  NOBODY: the proxy connects for itself, or for a client without an IP address.  `used`:
 * the length of the head.  BAD: not a PROXY head. */
proxyhead proxyhead_parse(const char *p, size_t n, peer *source, size_t *used);
#endif
