/* SPDX-License-Identifier: MIT
 * keccak.c -- see keccak.h.  Keccak-f[1600] as FIPS 202 describes it, with a rate of 136 bytes.
 * Pure; takes the same time for all data of one length. */
#include "core/keccak.h"

#include <stdint.h>
#include <string.h>

enum { LANES = 25, ROUNDS = 24, RATE = 136 };

static uint64_t rotate(uint64_t v, int by) { return by ? v << by | v >> (64 - by) : v; }

/* XORs the parity of two columns into each lane. */
static void theta(uint64_t s[LANES]) {
  uint64_t column[5], both[5];
  for (int x = 0; x < 5; x++) column[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
  for (int x = 0; x < 5; x++) both[x] = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);
  for (int y = 0; y < LANES; y += 5)
    for (int x = 0; x < 5; x++) s[y + x] ^= both[x];
}

/* Rotates the lanes and moves each to its new place, along one cycle through all but the first. */
static void rho_pi(uint64_t s[LANES]) {
  static const unsigned char place[24] = {10, 7,  11, 17, 18, 3,  5,  16, 8,  21, 24, 4,
                                          15, 23, 19, 13, 12, 2,  20, 14, 22, 9,  6,  1};
  static const unsigned char by[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                       27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
  uint64_t moving = s[1];
  for (int i = 0; i < 24; i++) {
    uint64_t next = s[place[i]];
    s[place[i]] = rotate(moving, by[i]);
    moving = next;
  }
}

static void chi(uint64_t s[LANES]) {
  for (int y = 0; y < LANES; y += 5) {
    uint64_t row[5];
    memcpy(row, s + y, sizeof row);
    for (int x = 0; x < 5; x++) s[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
  }
}

static void permute(uint64_t s[LANES]) {
  static const uint64_t iota[ROUNDS] = {
      0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
      0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
      0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
      0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
      0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
      0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
  for (int round = 0; round < ROUNDS; round++) {
    theta(s);
    rho_pi(s);
    chi(s);
    s[0] ^= iota[round];
  }
}

static void absorb(uint64_t s[LANES], const unsigned char *block) {
  for (int i = 0; i < RATE; i++) s[i / 8] ^= (uint64_t)block[i] << (8 * (i % 8));
  permute(s);
}

void keccak_256(keccak_padding padding, const void *data, size_t n, unsigned char out[KECCAK_BYTES]) {
  uint64_t s[LANES] = {0};
  const unsigned char *p = data;
  for (; n >= RATE; n -= RATE, p += RATE) absorb(s, p);
  unsigned char last[RATE] = {0};
  if (n) memcpy(last, p, n);
  last[n] = (unsigned char)padding;
  last[RATE - 1] |= 0x80;
  absorb(s, last);
  for (int i = 0; i < KECCAK_BYTES; i++) out[i] = (unsigned char)(s[i / 8] >> (8 * (i % 8)));
}
