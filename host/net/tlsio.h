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
/* What tlsio_take() returns besides a number of bytes. */
enum { TLSIO_MORE = 0, TLSIO_END = -1, TLSIO_FAILED = -2, TLSIO_PLAIN = -3 };

tls *tlsio_open(void); /* a server's side; NULL: no memory */
void tlsio_free(tls *t);
void tlsio_give(tls *t, const char *p, size_t n); /* received bytes; borrowed until all are taken */
/* Writes the next decrypted bytes to `to`, which has room for TLSIO_RECORD.  Or
 * returns TLSIO_MORE: nothing is left; TLSIO_END: close_notify; TLSIO_FAILED:
 * an alert is in the wire buffer; TLSIO_PLAIN: this is HTTP without TLS. */
int tlsio_take(tls *t, char *to);
/* Encrypts `plain` into the wire buffer, after any bytes of the protocol itself; `end` adds
 * close_notify.  -1: no memory. */
int tlsio_seal(tls *t, const buf *plain, bool end);
buf *tlsio_wire(tls *t); /* the caller writes and empties it */
#endif
