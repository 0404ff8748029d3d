/* SPDX-License-Identifier: MIT
 * peer.c -- see peer.h.
 *
 * Owns: the trusted networks, read once.  Must never: treat two spellings of one address as different
 * -- only inet_pton decides what is an address, and ::ffff:127.0.0.1 is 127.0.0.1. */
#include "core/peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/conf.h"

static peer_networks trusted;

/* ---- addresses ---- */

void peer_set4(peer *p, const void *addr) {
  *p = (peer){.family = AF_INET};
  memcpy(&p->addr, addr, 4);
}

void peer_set6(peer *p, const void *addr) {
  struct in6_addr six;
  memcpy(&six, addr, sizeof six);
  if (IN6_IS_ADDR_V4MAPPED(&six)) peer_set4(p, (const char *)&six + 12);
  else *p = (peer){.family = AF_INET6, .addr = six};
}

void peer_set(peer *p, const struct sockaddr *a) {
  *p = (peer){.family = a->sa_family == AF_UNIX ? AF_UNIX : 0};
  if (a->sa_family == AF_INET) peer_set4(p, &((const struct sockaddr_in *)(const void *)a)->sin_addr);
  if (a->sa_family == AF_INET6) peer_set6(p, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

bool peer_parse(peer *p, const char *text, size_t n) {
  char copy[PEER_TEXT];
  struct in6_addr addr;
  if (n >= sizeof copy || memchr(text, 0, n)) return false;
  memcpy(copy, text, n);
  copy[n] = 0;
  if (inet_pton(AF_INET, copy, &addr) == 1) return peer_set4(p, &addr), true;
  if (inet_pton(AF_INET6, copy, &addr) == 1) return peer_set6(p, &addr), true;
  return false;
}

void peer_text(const peer *p, char out[PEER_TEXT]) {
  *out = 0;
  if (p->family == AF_UNIX) memcpy(out, "unix", sizeof "unix");
  else if (p->family) inet_ntop(p->family, &p->addr, out, PEER_TEXT);
}

bool peer_is_loopback(const peer *p) {
  if (p->family == AF_INET) return *(const uint8_t *)&p->addr == 127;
  return p->family == AF_UNIX || (p->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&p->addr));
}

/* ---- trusted networks ---- */

/* "10.0.0.0/8"; ::ffff:10.0.0.0/104 is the same network. */
static bool parse_network(peer_network *to, const char *text, size_t n) {
  const char *slash = memchr(text, '/', n);
  size_t address_n = slash ? (size_t)(slash - text) : n, digits = slash ? n - address_n - 1 : 0;
  if (n == 4 && !memcmp(text, "unix", 4)) {
    *to = (peer_network){.net = {.family = AF_UNIX}};
    return true;
  }
  if (!peer_parse(&to->net, text, address_n) || digits > 3 || (slash && !digits)) return false;
  int max = to->net.family == AF_INET ? 32 : 128;
  bool mapped = max == 32 && memchr(text, ':', address_n);
  to->bits = slash ? 0 : max;
  for (size_t i = 0; i < digits; i++) {
    if (slash[1 + i] < '0' || slash[1 + i] > '9') return false;
    to->bits = to->bits * 10 + (slash[1 + i] - '0');
  }
  if (mapped && slash) to->bits -= 96;
  return to->bits >= 0 && to->bits <= max;
}

/* The length of the next word of a list separated by commas or white space; 0 at its end. */
static size_t next_word(const char **at) {
  static const char between[] = ", \t\r\n";
  *at += strspn(*at, between);
  return strcspn(*at, between);
}

int peer_check_networks(const char *text, char *why, size_t room) {
  size_t n;
  int count = 0;
  peer_network one;
  for (; (n = next_word(&text)); text += n) {
    if (!parse_network(&one, text, n)) {
      snprintf(why, room, "must be addresses, networks as 10.0.0.0/8 or fd00::/8, and unix, which \"%.*s\" "
               "is not", n < 60 ? (int)n : 60, text);
      return -1;
    }
    if (++count > PEER_NETWORKS) {
      snprintf(why, room, "must be at most %d addresses or networks", PEER_NETWORKS);
      return -1;
    }
  }
  return 0;
}

void peer_networks_read(peer_networks *to, const char *text) {
  size_t n;
  for (to->n = 0; to->n < PEER_NETWORKS && (n = next_word(&text)); text += n)
    if (parse_network(&to->at[to->n], text, n)) to->n++;
}

void peer_init(void) { peer_networks_read(&trusted, conf_str("http.trusted_proxies")); }

static bool within(const peer *p, const peer_network *net) {
  const uint8_t *a = (const uint8_t *)&p->addr, *b = (const uint8_t *)&net->net.addr;
  int whole = net->bits / 8, rest = net->bits % 8;
  if (p->family != net->net.family || memcmp(a, b, (size_t)whole) != 0) return false;
  return !rest || ((a[whole] ^ b[whole]) & (0xff << (8 - rest) & 0xff)) == 0;
}

bool peer_is_within(const peer *p, const peer_networks *list) {
  for (int i = 0; i < list->n; i++)
    if (within(p, &list->at[i])) return true;
  return false;
}

bool peer_is_trusted(const peer *p) { return peer_is_within(p, &trusted); }

bool peer_trusts_any(void) {
  return trusted.n > 0;
}
