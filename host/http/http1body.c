/* SPDX-License-Identifier: MIT
 * http1body.c -- the body of a request, by length or in chunks (RFC 9112, 6 and 7); see http1.h.
 *
 * Chunk extensions and trailers are checked strictly and dropped: anything that a proxy in front of us
 * interprets differently could hide a second request.
 *
 * Owns: the body.  Must never: hold more of it than its maximum. */
#include "http/http1body.h"

#include <string.h>
#include <strings.h>

#include "http/http1.h"

enum { CHUNK_FRAMING = 16384 }; /* extensions and trailers of one request, in bytes */

enum {
  FIXED = HTTP1BODY_START + 1, CHUNK_SIZE, CHUNK_MORE, EXT_GAP, EXT_START, EXT_NAME, EXT_NAME_GAP,
  EXT_VALUE_START, EXT_TOKEN, EXT_QUOTED, EXT_ESCAPED, EXT_QUOTED_END, CHUNK_LF, CHUNK_DATA, CHUNK_DATA_CR,
  CHUNK_DATA_LF, TRAILER_START, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, LAST_LF, COMPLETE
};

static int take_body(http1 *h, const char *p, size_t n, size_t *used) {
  size_t take = h->left < n ? (size_t)h->left : n;
  if (buf_add(&h->body, p, take) < 0) return 503;
  h->left -= take;
  *used = take;
  return 0;
}

static int body_start(http1 *h) {
  if (h->chunked) {
    h->body.max = h->body_max ? h->body_max : 1;
    h->state = CHUNK_SIZE;
    return HTTP1_MORE;
  }
  if (h->left > h->body_max) return 413;
  h->body.max = h->left ? (size_t)h->left : 1;
  h->state = h->left ? FIXED : COMPLETE;
  return h->left ? HTTP1_MORE : HTTP1_DONE;
}

static int hex_digit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int go(http1 *h, uint8_t state) {
  h->state = state;
  return HTTP1_MORE;
}

static bool is_blank(unsigned char c) {
  return c == ' ' || c == '\t';
}

static bool is_text(unsigned char c) {
  return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool is_token(unsigned char c) {
  return http1_token((const char *)&c, 1);
}

/* After a size, a name or a value: the end of the line, the
 * next extension, or blanks before that. */
static int ext_end(http1 *h, unsigned char c, uint8_t gap) {
  if (c == '\r') return go(h, CHUNK_LF);
  if (c == ';') return go(h, EXT_START);
  return is_blank(c) ? go(h, gap) : 400;
}

static int chunk_size(http1 *h, unsigned char c) {
  int digit = hex_digit(c);
  if (digit >= 0) {
    h->left = (h->state == CHUNK_SIZE ? 0 : h->left * 16) + (unsigned)digit;
    h->state = CHUNK_MORE;
    return h->left > h->body_max - h->taken - h->body.n ? 413 : HTTP1_MORE;
  }
  if (h->state == CHUNK_SIZE) return 400;
  return ext_end(h, c, EXT_GAP);
}

/* RFC 9112, 7.1.1: *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ). */
static int ext_byte(http1 *h, unsigned char c) {
  switch (h->state) {
    case EXT_START:
    case EXT_VALUE_START:
      if (is_blank(c)) return HTTP1_MORE;
      if (c == '"' && h->state == EXT_VALUE_START) return go(h, EXT_QUOTED);
      return is_token(c) ? go(h, h->state == EXT_START ? EXT_NAME : EXT_TOKEN) : 400;
    case EXT_NAME:
      if (is_token(c)) return HTTP1_MORE;
      return c == '=' ? go(h, EXT_VALUE_START) : ext_end(h, c, EXT_NAME_GAP);
    case EXT_NAME_GAP:
      if (c == '=') return go(h, EXT_VALUE_START);
      return is_blank(c) ? HTTP1_MORE : c == ';' ? go(h, EXT_START) : 400;
    case EXT_TOKEN: return is_token(c) ? HTTP1_MORE : ext_end(h, c, EXT_GAP);
    case EXT_QUOTED:
      if (c == '"') return go(h, EXT_QUOTED_END);
      if (c == '\\') return go(h, EXT_ESCAPED);
      return is_text(c) ? HTTP1_MORE : 400;
    case EXT_ESCAPED: return is_text(c) ? go(h, EXT_QUOTED) : 400;
    case EXT_QUOTED_END: return ext_end(h, c, EXT_GAP);
    default: /* EXT_GAP */
      return is_blank(c) ? HTTP1_MORE : c == ';' ? go(h, EXT_START) : 400;
  }
}

/* Fields for framing and routing are allowed in the head only (RFC 9110, 6.5.1). */
static bool is_forbidden(const http1 *h) {
  static const char *const names[] = {"content-length", "transfer-encoding", "host"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t n = strlen(names[i]);
    if (h->trailer_n == n && strncasecmp(h->trailer, names[i], n) == 0) return true;
  }
  return false;
}

static int name_trailer(http1 *h, unsigned char c) {
  if (h->state == TRAILER_START) h->trailer_n = 0;
  if (h->trailer_n < sizeof h->trailer) h->trailer[h->trailer_n++] = (char)c;
  return go(h, TRAILER_NAME);
}

static int trailer_byte(http1 *h, unsigned char c) {
  switch (h->state) {
    case TRAILER_START:
    case TRAILER_NAME:
      if (c == '\r' && h->state == TRAILER_START) return go(h, LAST_LF);
      if (c == ':' && h->state == TRAILER_NAME) return is_forbidden(h) ? 400 : go(h, TRAILER_VALUE);
      return is_token(c) ? name_trailer(h, c) : 400;
    case TRAILER_VALUE:
      if (c == '\r') return go(h, TRAILER_LF);
      return is_text(c) ? HTTP1_MORE : 400;
    default: /* TRAILER_LF */
      return c == '\n' ? go(h, TRAILER_START) : 400;
  }
}

static int expect_byte(http1 *h, unsigned char c, unsigned char want, uint8_t next) {
  h->state = next;
  if (c != want) return 400;
  return next == COMPLETE ? HTTP1_DONE : HTTP1_MORE;
}

/* One byte of the framing around the data of chunks (RFC 9112, 7.1). */
static int chunk_byte(http1 *h, unsigned char c) {
  bool padding = h->state == CHUNK_MORE && !h->left; /* zeros before a size */
  bool extension = h->state >= EXT_GAP && h->state < CHUNK_LF;
  if (padding || extension || h->state >= TRAILER_START) {
    if (++h->framing > CHUNK_FRAMING) return 431;
  }
  switch (h->state) {
    case CHUNK_SIZE:
    case CHUNK_MORE: return chunk_size(h, c);
    case CHUNK_LF: return expect_byte(h, c, '\n', h->left ? CHUNK_DATA : TRAILER_START);
    case CHUNK_DATA_CR: return expect_byte(h, c, '\r', CHUNK_DATA_LF);
    case CHUNK_DATA_LF: return expect_byte(h, c, '\n', CHUNK_SIZE);
    case LAST_LF: return expect_byte(h, c, '\n', COMPLETE);
    default: return extension ? ext_byte(h, c) : trailer_byte(h, c);
  }
}

static int feed_chunked(http1 *h, const char *p, size_t n, size_t *used) {
  int r = HTTP1_MORE;
  size_t i = 0, k;
  while (i < n && r == HTTP1_MORE) {
    if (h->state != CHUNK_DATA) {
      r = chunk_byte(h, (unsigned char)p[i++]);
      continue;
    }
    r = take_body(h, p + i, n - i, &k);
    i += r ? 0 : k;
    if (!r && !h->left) h->state = CHUNK_DATA_CR;
  }
  *used = i;
  return r;
}

static int feed_fixed(http1 *h, const char *p, size_t n, size_t *used) {
  int status = take_body(h, p, n, used);
  if (status || h->left) return status;
  h->state = COMPLETE;
  return HTTP1_DONE;
}

bool http1body_complete(const http1 *h) {
  return h->state == COMPLETE;
}

int http1body_feed(http1 *h, const char *p, size_t n, size_t *used) {
  if (h->state == HTTP1BODY_START) {
    int r = body_start(h);
    if (r != HTTP1_MORE) return r;
  }
  if (h->state == COMPLETE) return HTTP1_DONE;
  return h->state == FIXED ? feed_fixed(h, p, n, used) : feed_chunked(h, p, n, used);
}
