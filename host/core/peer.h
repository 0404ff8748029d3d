/* SPDX-License-Identifier: MIT
 * peer.h -- the address of a peer, and whether it is a trusted proxy (setting
 * http.trusted_proxies). */
#ifndef HUMAN_PEER_H
#define HUMAN_PEER_H
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint8_t family;       /* 0: unknown; AF_INET, AF_INET6, or AF_UNIX, which has no address */
  struct in6_addr addr; /* IPv4 in its first four bytes; never an IPv4-mapped address */
} peer;

enum { PEER_TEXT = INET6_ADDRSTRLEN, PEER_NETWORKS = 64 };

void peer_set(peer *p, const struct sockaddr *a);
void peer_set4(peer *p, const void *addr);
void peer_set6(peer *p, const void *addr);
bool peer_parse(peer *p, const char *text, size_t n); /* an address without port, bracket or zone */
void peer_text(const peer *p, char out[PEER_TEXT]);   /* "" when unknown */
bool peer_is_loopback(const peer *p);                 /* this machine, including AF_UNIX */

typedef struct {
  peer net;
  int bits;
} peer_network;

typedef struct {
  peer_network at[PEER_NETWORKS];
  int n;
} peer_networks;

/* Validates http.trusted_proxies, e.g. "10.0.0.0/8, ::1, unix".  0, or -1 and the reason. */
int peer_check_networks(const char *text, char *why, size_t n);
void peer_networks_read(peer_networks *to, const char *text); /* a text that was validated */
bool peer_is_within(const peer *p, const peer_networks *list);
void peer_init(void);                                 /* reads the setting; once per worker */
bool peer_is_trusted(const peer *p);
bool peer_trusts_any(void);
#endif
