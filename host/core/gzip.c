/* SPDX-License-Identifier: MIT
 * gzip.c -- compresses answers: gzip (RFC 1952) and deflate, which in HTTP is zlib (RFC 1950);
 * and unpacks the contents of archives.
 *
 * Owns: its last results.  Must never: compress more than a bounded piece at a time (it
 * blocks the worker), or return a result that is not smaller. */
#include <stdint.h>
#include <zlib.h>

#include "core/buf.h"
#include "host_api.h"

enum { IN_MAX = 4 * 1024 * 1024, INFLATE_MAX = 256 * 1024 * 1024, PIECE = 65536, KEEP = 65536, MEMORY = 8,
       GZIP = 16 };

static int deflate_all(z_stream *z, const host_str *data, buf *out) {
  z->next_in = (Bytef *)(uintptr_t)data->p;
  z->avail_in = data->n;
  z->next_out = (Bytef *)out->p;
  z->avail_out = data->n; /* a result that does not fit is not smaller */
  int status = deflate(z, Z_FINISH);
  out->n = data->n - z->avail_out;
  return status == Z_STREAM_END ? 0 : HOST_ELIMIT;
}

/* A gzip file may have several members; its content is their concatenation (RFC 1952, 2.2). */
static int inflate_all(z_stream *z, int format, buf *out, size_t max) {
  int status = Z_OK;
  while (status == Z_OK) {
    size_t room = max - out->n < PIECE ? max - out->n + 1 : PIECE;
    char *to = buf_reserve(out, room);
    if (!to) return HOST_EFULL;
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)room;
    status = inflate(z, Z_NO_FLUSH);
    out->n += room - z->avail_out;
    if (out->n > max) return HOST_ELIMIT;
    if (status == Z_STREAM_END && format == HOST_GZIP && z->avail_in) status = inflateReset(z);
  }
  return status == Z_STREAM_END && !z->avail_in ? 0 : HOST_EINVAL;
}

int host_inflate(int format, host_str *data, double max, host_str *out) {
  static buf text;
  z_stream z = {.next_in = (Bytef *)(uintptr_t)data->p, .avail_in = data->n};
  if ((format != HOST_GZIP && format != HOST_RAW) || !(max >= 0 && max <= INFLATE_MAX)) return HOST_EINVAL;
  buf_free(&text);
  if (inflateInit2(&z, format == HOST_GZIP ? MAX_WBITS + GZIP : -MAX_WBITS) != Z_OK) return HOST_EFULL;
  int e = inflate_all(&z, format, &text, (size_t)max);
  inflateEnd(&z);
  *out = (host_str){text.p, (uint32_t)text.n};
  return e;
}

int host_compress(int format, int level, host_str *data, host_str *out) {
  static buf text;
  z_stream z = {0};
  int window = format == HOST_GZIP ? MAX_WBITS + GZIP : MAX_WBITS;
  if (!data->n || data->n > IN_MAX) return HOST_ELIMIT;
  if ((format != HOST_GZIP && format != HOST_DEFLATE) || level < 1 || level > 9) return HOST_EINVAL;
  if (text.cap > KEEP) buf_free(&text);
  text.n = 0;
  if (!buf_reserve(&text, data->n)) return HOST_EFULL;
  if (deflateInit2(&z, level, Z_DEFLATED, window, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) return HOST_EFULL;
  int e = deflate_all(&z, data, &text);
  deflateEnd(&z);
  *out = (host_str){text.p, (uint32_t)text.n};
  return e;
}
