/* SPDX-License-Identifier: MIT
 * ssrf.c -- see ssrf.h.  The check is on the resolved address, at the moment the socket is opened,
 * so neither a redirecting name server nor an unusual spelling of an address gets around it.
 *
 * Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and successors).
 * IPv6 is an allow list: 2000::/3 is all that is routed globally, less the registry's exceptions. */
#include "fetch/ssrf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "core/conf.h"
#include "core/peer.h"

typedef struct { uint32_t net; int bits; } net4;
typedef struct { uint8_t net[4]; int bits; } net6; /* 32 bits suffice for all */

static const net4 refused4[] = {
    {0x00000000, 8},  /* 0/8           this network (RFC 791) */
    {0x0a000000, 8},  /* 10/8          private (RFC 1918) */
    {0x64400000, 10}, /* 100.64/10     shared, carrier NAT (RFC 6598) */
    {0x7f000000, 8},  /* 127/8         loopback */
    {0xa9fe0000, 16}, /* 169.254/16    link-local, cloud metadata (RFC 3927) */
    {0xac100000, 12}, /* 172.16/12     private */
    {0xc0000000, 24}, /* 192.0.0/24    protocol assignments (RFC 6890) */
    {0xc0000200, 24}, /* 192.0.2/24    documentation (RFC 5737) */
    {0xc0586300, 24}, /* 192.88.99/24  6to4 relays (RFC 7526) */
    {0xc0a80000, 16}, /* 192.168/16    private */
    {0xc6120000, 15}, /* 198.18/15     benchmarks (RFC 2544) */
    {0xc6336400, 24}, /* 198.51.100/24 documentation */
    {0xcb007100, 24}, /* 203.0.113/24  documentation */
    {0xe0000000, 4},  /* 224/4         multicast */
    {0xf0000000, 4},  /* 240/4         reserved, broadcast */
};

static const net6 refused6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* 2001::/23      protocol assignments: Teredo, ORCHID, .. */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32  documentation (RFC 3849) */
    {{0x26, 0x20, 0x00, 0x4f}, 32}, /* 2620:4f::/32   AS112 (RFC 7534) */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* 3fff::/20      documentation (RFC 9637) */
};

static bool within(uint32_t a, uint32_t net, int bits) {
  return ((a ^ net) & ~(uint32_t)0 << (32 - bits)) == 0;
}

static uint32_t load(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool allows4(uint32_t a) {
  for (size_t i = 0; i < sizeof refused4 / sizeof *refused4; i++)
    if (within(a, refused4[i].net, refused4[i].bits)) return false;
  return true;
}

/* Addresses that embed an IPv4 address are also checked by that one. */
static bool allows6(const uint8_t *a) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};       /* ::ffff:0:0/96 */
  static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};          /* 64:ff9b::/96, RFC 6052 */
  if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0) return allows4(load(a + 12));
  if ((a[0] & 0xe0) != 0x20) return false;
  for (size_t i = 0; i < sizeof refused6 / sizeof *refused6; i++)
    if (within(load(a), load(refused6[i].net), refused6[i].bits)) return false;
  if (a[0] == 0x20 && a[1] == 0x02) return allows4(load(a + 2));      /* 2002::/16, 6to4 */
  bool isatap = (a[8] & ~0x03) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe; /* RFC 5214 */
  return !isatap || allows4(load(a + 12));
}

bool ssrf_allows(const struct sockaddr *sa) {
  if (sa->sa_family == AF_INET)
    return allows4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
  if (sa->sa_family == AF_INET6)
    return allows6(((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr);
  return false;
}

bool ssrf_allows_text(const char *ip) {
  struct in_addr a;
  struct in6_addr b;
  if (inet_pton(AF_INET, ip, &a) == 1) return allows4(ntohl(a.s_addr));
  return inet_pton(AF_INET6, ip, &b) == 1 && allows6(b.s6_addr);
}

/* ---- egress.allow ---- */

static peer_networks opened;

void ssrf_init(void) { peer_networks_read(&opened, conf_str("egress.allow")); }

bool ssrf_opens(const struct sockaddr *sa) {
  peer p;
  peer_set(&p, sa);
  return peer_is_within(&p, &opened);
}

bool ssrf_opens_any(void) { return opened.n > 0; }
