/* SPDX-License-Identifier: MIT
 * proxyhead.c -- see proxyhead.h.  Pure: bytes in, an address out.
 *
 * Must never: guess.  A head that deviates from the protocol is refused. */
#include "net/proxyhead.h"

#include <string.h>
#include <sys/socket.h>

enum { SIGNATURE = 12, FIXED = 16, V1_WORDS = 6 };

typedef struct { const char *p; size_t n; } word;

/* ---- version 1: a line of text ---- */

/* Splits "1.2.3.4 5.6.7.8 56324 443" at single spaces;
 * returns the number of words, at most V1_WORDS. */
static int split(const char *p, size_t n, word *to) {
  int count = 0;
  for (const char *end = p + n; count < V1_WORDS; count++) {
    const char *space = memchr(p, ' ', (size_t)(end - p));
    to[count] = (word){p, (size_t)((space ? space : end) - p)};
    if (!space) return count + 1;
    p = space + 1;
  }
  return V1_WORDS + 1;
}

static bool is(word w, const char *text) {
  return w.n == strlen(text) && !memcmp(w.p, text, w.n);
}

static bool is_port(word w) {
  unsigned value = 0;
  if (!w.n || w.n > 5 || (w.n > 1 && *w.p == '0')) return false;
  for (size_t i = 0; i < w.n; i++) {
    if (w.p[i] < '0' || w.p[i] > '9') return false;
    value = value * 10 + (unsigned)(w.p[i] - '0');
  }
  return value <= 65535;
}

static bool is_address(word w, bool six, peer *to) {
  return (memchr(w.p, ':', w.n) != NULL) == six && peer_parse(to, w.p, w.n);
}

static proxyhead parse_line(const char *p, size_t n, peer *source) {
  word w[V1_WORDS];
  peer to;
  int count = split(p, n, w);
  if (count >= 2 && is(w[1], "UNKNOWN")) return PROXYHEAD_NOBODY;
  bool six = count >= 2 && is(w[1], "TCP6");
  if (count != V1_WORDS || (!six && !is(w[1], "TCP4"))) return PROXYHEAD_BAD;
  if (!is_address(w[2], six, source) || !is_address(w[3], six, &to)) return PROXYHEAD_BAD;
  return is_port(w[4]) && is_port(w[5]) ? PROXYHEAD_SOURCE : PROXYHEAD_BAD;
}

static proxyhead parse_v1(const char *p, size_t n, peer *source, size_t *used) {
  size_t seen = n < PROXYHEAD_V1_MAX ? n : PROXYHEAD_V1_MAX;
  const char *lf = memchr(p, '\n', seen);
  if (!lf) return n < PROXYHEAD_V1_MAX ? PROXYHEAD_MORE : PROXYHEAD_BAD;
  *used = (size_t)(lf - p) + 1;
  if (lf[-1] != '\r' || memchr(p, '\r', *used - 2)) return PROXYHEAD_BAD;
  return parse_line(p, *used - 2, source);
}

/* ---- version 2: a struct ---- */

/* The bytes after the fixed part begin with the addresses; we skip the extensions that follow. */
static proxyhead parse_addresses(unsigned family, const char *p, size_t n, peer *source) {
  switch (family) {
    case 0x11: /* TCP over IPv4 */
      if (n < 12) return PROXYHEAD_BAD;
      peer_set4(source, p);
      return PROXYHEAD_SOURCE;
    case 0x21: /* TCP over IPv6 */
      if (n < 36) return PROXYHEAD_BAD;
      peer_set6(source, p);
      return PROXYHEAD_SOURCE;
    case 0x31: /* a UNIX socket on the proxy's machine: means nothing on ours */
      return n < 216 ? PROXYHEAD_BAD : PROXYHEAD_NOBODY;
    default: /* datagrams, unspecified, unknown: accept the connection, ignore the addresses */
      return PROXYHEAD_NOBODY;
  }
}

static proxyhead parse_v2(const char *p, size_t n, peer *source, size_t *used) {
  const unsigned char *head = (const unsigned char *)p;
  if (n < FIXED) return PROXYHEAD_MORE;
  size_t length = (size_t)(head[14] << 8 | head[15]);
  if (head[12] >> 4 != 2 || (head[12] & 15) > 1 || FIXED + length > PROXYHEAD_MAX) return PROXYHEAD_BAD;
  if (n < FIXED + length) return PROXYHEAD_MORE;
  *used = FIXED + length;
  if ((head[12] & 15) == 0) return PROXYHEAD_NOBODY; /* LOCAL */
  return parse_addresses(head[13], p + FIXED, length, source);
}

/* ---- either version ---- */

static bool begins(const char *p, size_t n, const char *with, size_t with_n) {
  return memcmp(p, with, n < with_n ? n : with_n) == 0;
}

proxyhead proxyhead_parse(const char *p, size_t n, peer *source, size_t *used) {
  static const char signature[SIGNATURE] = "\r\n\r\n\0\r\nQUIT\n", v1[] = "PROXY ";
  *used = 0;
  if (!n) return PROXYHEAD_MORE;
  if (begins(p, n, signature, SIGNATURE)) return parse_v2(p, n, source, used);
  if (begins(p, n, v1, sizeof v1 - 1)) return parse_v1(p, n, source, used);
  return PROXYHEAD_BAD;
}
