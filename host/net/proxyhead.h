/* SPDX-License-Identifier: MIT
 * proxyhead.h -- the PROXY protocol, versions 1 and 2: what a proxy says of a connection before the
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

/* `n` bytes from the beginning of the connection.  MORE: it is not complete.  SOURCE: the client is
 * `source`.  NOBODY: the proxy speaks for itself, or of a client that has no address of ours.  `used`:
 * how long it is.  BAD: these bytes begin no such head. */
proxyhead proxyhead_parse(const char *p, size_t n, peer *source, size_t *used);
#endif
