/* SPDX-License-Identifier: MIT
 * wsdeflate.c -- see wsdeflate.h.
 *
 * Owns: one compressor per window size and a few idle decompressors, for the whole worker.  Must never:
 * inflate a message beyond the maximum of its buffer. */
#include "http/wsdeflate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { LEVEL = 1, MEMORY = 8, SPARE = 8, STEP = 4096, WINDOW_MIN = 9, WINDOW_MAX = 15 };

/* ---- negotiation (RFC 7692, 7.1) ---- */

typedef struct {
  const char *p;
  size_t n;
} text;

static text trim(text t) {
  while (t.n && (*t.p == ' ' || *t.p == '\t')) t.p++, t.n--;
  while (t.n && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t')) t.n--;
  return t;
}

/* Removes and returns the text before the next `separator`. */
static text cut(text *rest, char separator) {
  const char *at = memchr(rest->p, separator, rest->n);
  text head = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
  size_t skip = at ? head.n + 1 : head.n;
  rest->p += skip;
  rest->n -= skip;
  return trim(head);
}

static bool is(text t, const char *z) {
  return t.n == strlen(z) && strncasecmp(t.p, z, t.n) == 0;
}

/* 8..15, quoted or not; 0: anything else. */
static int window_bits(text v) {
  if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"') v = (text){v.p + 1, v.n - 2};
  if (v.n == 1 && (v.p[0] == '8' || v.p[0] == '9')) return v.p[0] - '0';
  if (v.n == 2 && v.p[0] == '1' && v.p[1] >= '0' && v.p[1] <= '5') return 10 + v.p[1] - '0';
  return 0;
}

enum { SEEN_SERVER_TAKEOVER = 1, SEEN_CLIENT_TAKEOVER = 2, SEEN_SERVER_BITS = 4, SEEN_CLIENT_BITS = 8 };

static int parameter(text p, int *window) {
  text value = p, name = cut(&value, '=');
  bool valued = name.n < p.n;
  value = trim(value);
  if (is(name, "server_no_context_takeover")) return valued ? 0 : SEEN_SERVER_TAKEOVER;
  if (is(name, "client_no_context_takeover")) return valued ? 0 : SEEN_CLIENT_TAKEOVER;
  if (is(name, "client_max_window_bits")) {
    return valued && !window_bits(value) ? 0 : SEEN_CLIENT_BITS;
  }
  if (!is(name, "server_max_window_bits")) return 0;
  *window = window_bits(value);
  return *window >= WINDOW_MIN ? SEEN_SERVER_BITS : 0; /* zlib cannot make raw windows of 256 bytes */
}

/* The window for one offer; 0: it is not acceptable. */
static int accept_offer(text offer, bool *told) {
  int seen = 0, window = WINDOW_MAX;
  if (!is(cut(&offer, ';'), "permessage-deflate")) return 0;
  while (offer.n) {
    int bit = parameter(cut(&offer, ';'), &window);
    if (!bit || (seen & bit)) return 0;
    seen |= bit;
  }
  *told = seen & SEEN_SERVER_BITS;
  return window;
}

int wsdeflate_negotiate(const char *offers, size_t n, buf *answer) {
  text rest = {offers, n};
  while (rest.n) {
    bool told;
    int window = accept_offer(cut(&rest, ','), &told);
    if (!window) continue;
    if (buf_str(answer, "permessage-deflate; server_no_context_takeover; "
                        "client_no_context_takeover") < 0) return 0;
    if (told && buf_fmt(answer, "; server_max_window_bits=%d", window) < 0) return 0;
    return window;
  }
  return 0;
}

/* ---- compressing ---- */

static z_stream *compressor(int window) {
  static z_stream *streams[WINDOW_MAX + 1];
  z_stream *z = streams[window];
  if (z) return deflateReset(z) == Z_OK ? z : NULL;
  z = calloc(1, sizeof *z);
  if (!z) return NULL;
  if (deflateInit2(z, LEVEL, Z_DEFLATED, -window, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
    free(z);
    return NULL;
  }
  return streams[window] = z;
}

int wsdeflate_pack(int window, const void *p, size_t n, buf *out) {
  z_stream *z = compressor(window);
  size_t start = out->n;
  char *to = z && n < UINT32_MAX ? buf_reserve(out, n) : NULL;
  if (!to) return -1;
  z->next_in = (Bytef *)(uintptr_t)p;
  z->avail_in = (uInt)n;
  z->next_out = (Bytef *)to;
  z->avail_out = (uInt)n; /* a result that does not fit is not smaller */
  int status = deflate(z, Z_SYNC_FLUSH);
  size_t made = n - z->avail_out;
  if (status != Z_OK || z->avail_in || !z->avail_out || made < 4) return -1;
  out->n = start + made - 4; /* without 00 00 ff ff (7.2.1) */
  return 0;
}

/* ---- decompressing ---- */

struct wsinflate {
  z_stream z;
  wsinflate *next;
  bool ended;
};

static wsinflate *spare;
static int n_spare;

wsinflate *wsinflate_open(void) {
  wsinflate *w = spare;
  if (w) {
    spare = w->next;
    n_spare--;
    w->ended = false;
    return w;
  }
  w = calloc(1, sizeof *w);
  if (w && inflateInit2(&w->z, -WINDOW_MAX) != Z_OK) {
    free(w);
    w = NULL;
  }
  return w;
}

void wsinflate_close(wsinflate *w) {
  if (!w) return;
  if (n_spare < SPARE && inflateReset(&w->z) == Z_OK) {
    w->next = spare;
    spare = w;
    n_spare++;
    return;
  }
  inflateEnd(&w->z);
  free(w);
}

/* Reserves some room; less if the maximum is near. */
static char *make_room(buf *out) {
  size_t more = STEP;
  if (out->max && out->max - out->n < more) more = out->max - out->n;
  return more ? buf_reserve(out, more) : NULL;
}

int wsinflate_feed(wsinflate *w, const void *p, size_t n, buf *out) {
  char none;
  w->z.next_in = (Bytef *)(uintptr_t)p;
  w->z.avail_in = (uInt)n;
  while (!w->ended) {
    char *to = make_room(out);
    size_t room = to ? out->cap - out->n : 1; /* full: find out whether there is more output */
    if (room > UINT32_MAX) room = UINT32_MAX;
    w->z.next_out = (Bytef *)(to ? to : &none);
    w->z.avail_out = (uInt)room;
    int status = inflate(&w->z, Z_SYNC_FLUSH);
    size_t made = room - w->z.avail_out;
    if (!to && made) return WSINFLATE_LARGE;
    out->n += made;
    if (status == Z_STREAM_END) w->ended = true;
    else if (status != Z_OK && status != Z_BUF_ERROR) return WSINFLATE_BAD;
    if (w->z.avail_out && !w->z.avail_in) return 0;
    if (status == Z_BUF_ERROR) return 0;
  }
  return 0;
}
