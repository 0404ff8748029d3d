/* SPDX-License-Identifier: MIT
 * gzip.c -- compressed contents of answers: gzip (RFC 1952) and deflate, which in HTTP is zlib (RFC 1950).
 *
 * Owns: the text that it gave out last.  Must never: compress more than a bounded piece at a time (it
 * blocks the worker), or give out what is not smaller. */
#include <stdint.h>
#include <zlib.h>

#include "core/buf.h"
#include "host_api.h"

enum { IN_MAX = 4 * 1024 * 1024, KEEP = 65536, MEMORY = 8, GZIP = 16 };

static int deflate_all(z_stream *z, const host_str *data, buf *out) {
  z->next_in = (Bytef *)(uintptr_t)data->p;
  z->avail_in = data->n;
  z->next_out = (Bytef *)out->p;
  z->avail_out = data->n; /* what does not fit is not smaller */
  int status = deflate(z, Z_FINISH);
  out->n = data->n - z->avail_out;
  return status == Z_STREAM_END ? 0 : HOST_ELIMIT;
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
