/* SPDX-License-Identifier: MIT
 * http1.h -- one HTTP/1.x request, parsed from bytes as they arrive (RFC 9112).
 *
 * Knows no socket and no clock: conn.c, its specs and its fuzzer feed it and act on its results.
 * The outcome does not depend on how the bytes are split. */
#ifndef HUMAN_HTTP1_H
#define HUMAN_HTTP1_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <llhttp.h>

#include "core/buf.h"

enum { HTTP1_HEADERS = 100, HTTP1_TARGET = 8192, HTTP1_HEAD_MAX = 65535 };

/* Results of http1_feed(); anything else is the HTTP status (>= 400) of a refusal. */
enum { HTTP1_MORE, HTTP1_HEAD, HTTP1_DONE };

typedef struct {
  uint16_t name, name_n, value, value_n; /* offsets into the head and lengths */
} http1_header;

typedef struct {
  buf head;          /* request line and headers, as received */
  buf body;          /* without chunking */
  uint64_t taken;    /* bytes of the body that were already removed from it */
  uint64_t left;     /* bytes missing of the body, or of this chunk */
  size_t body_max;   /* may be changed at HTTP1_HEAD */
  uint32_t head_max, framing; /* framing: bytes spent on chunk extensions and trailers */
  uint16_t target, target_n, count;
  uint8_t method;    /* HOST_GET .. */
  uint8_t minor;     /* HTTP/1.minor */
  uint8_t state;
  bool keep;         /* the client wants the connection kept */
  bool chunked, has_body;
  bool websocket;    /* a valid RFC 6455 opening handshake */
  bool expect;       /* the client waits for 100 Continue */
  http1_header header[HTTP1_HEADERS + 1];
  int refused;       /* the status of a refusal by one of llhttp's callbacks */
  uint8_t trailer_n; /* length of `trailer`, the (shortened) name of the current trailer */
  char trailer[19];
  uint16_t fed;      /* bytes of the head that llhttp has consumed */
  llhttp_t parser;
} http1;

void http1_start(http1 *h, size_t head_max, size_t body_max); /* h is zeroed or was used before */
void http1_free(http1 *h);

/* Parses bytes.  HTTP1_MORE: all were consumed, and more are needed.  HTTP1_HEAD,
 * once: the head is complete (call again, even without bytes, for the body).
 * HTTP1_DONE: the request is complete; `used` of the bytes belong to it. */
int http1_feed(http1 *h, const char *p, size_t n, size_t *used);
bool http1_begun(const http1 *h); /* has any byte of a request arrived? */
bool http1_complete(const http1 *h); /* body and all */
bool http1_in_body(const http1 *h); /* its head is complete */

/* The next header called `name` (lower case) from index `from` on; its index, or -1. */
int http1_find(const http1 *h, const char *name, size_t n, int from);
const char *http1_value(const http1 *h, int i, size_t *n);
/* Is `token` (lower case) among the comma-separated tokens of all headers of that name? */
bool http1_has_token(const http1 *h, const char *name, const char *token);
bool http1_token(const char *p, size_t n); /* a token of RFC 9110, 5.6.2 */
/* Appends the request to `out` so that another worker can parse it again.  0, or -1. */
int http1_raw(const http1 *h, buf *out);
#endif
