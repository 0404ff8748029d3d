/* SPDX-License-Identifier: MIT
 * tlsio.h -- TLS on one connection.  Nothing here touches a socket: conn.c passes in the bytes it reads and
 * writes those it gets back. */
#ifndef HUMAN_TLSIO_H
#define HUMAN_TLSIO_H
#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

typedef struct tls tls;
enum { TLSIO_RECORD = 16384, TLSIO_WIRE_MAX = 65536 };
/* What tlsio_take() says besides a number of bytes. */
enum { TLSIO_MORE = 0, TLSIO_END = -1, TLSIO_FAILED = -2, TLSIO_PLAIN = -3 };

tls *tlsio_open(void); /* a server's side; NULL: no memory */
void tlsio_free(tls *t);
void tlsio_give(tls *t, const char *p, size_t n); /* was received; borrowed until all of it was taken */
/* The next decrypted bytes of what was given, into TLSIO_RECORD of room; or TLSIO_MORE: nothing is left;
 * TLSIO_END: the client has said that it sends no more; TLSIO_FAILED: an alert is in the wire buffer;
 * TLSIO_PLAIN: this is HTTP without TLS. */
int tlsio_take(tls *t, char *to);
/* Encrypt `plain` into the wire buffer, behind what the protocol itself has to say; `end`: and say
 * that nothing follows.  -1: no memory. */
int tlsio_seal(tls *t, const buf *plain, bool end);
buf *tlsio_wire(tls *t); /* is to be written, and emptied by the caller */
#endif
