/* SPDX-License-Identifier: MIT
 * wsdeflate.h -- permessage-deflate (RFC 7692) without context takeover in either direction: a
 * connection holds no zlib state between messages. */
#ifndef HUMAN_WSDEFLATE_H
#define HUMAN_WSDEFLATE_H
#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

enum { WSINFLATE_BAD = -1, WSINFLATE_LARGE = -2 };

/* Picks one of the offers of a Sec-WebSocket-Extensions header.  Returns the window (9..15) to
 * compress with, and the value of the answer in `answer`; 0 when no offer is acceptable. */
int wsdeflate_negotiate(const char *offers, size_t n, buf *answer);

/* Compresses one message into `out`.  0; -1: no memory, or not smaller: send it uncompressed. */
int wsdeflate_pack(int window, const void *p, size_t n, buf *out);

typedef struct wsinflate wsinflate;
wsinflate *wsinflate_open(void); /* for one message */
void wsinflate_close(wsinflate *z);
/* Decompresses the bytes to the end of `out`, up to its maximum.  0, or one of the errors above. */
int wsinflate_feed(wsinflate *z, const void *p, size_t n, buf *out);
#endif
