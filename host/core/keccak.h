/* SPDX-License-Identifier: MIT
 * keccak.h -- Keccak with digests of 256 bits, which OpenSSL 3.0 knows as SHA-3 alone. */
#ifndef HUMAN_KECCAK_H
#define HUMAN_KECCAK_H
#include <stddef.h>

enum { KECCAK_BYTES = 32 };

/* The first byte of the padding, the only difference between the two. */
typedef enum { KECCAK_ETHEREUM = 0x01, KECCAK_SHA3 = 0x06 } keccak_padding;

void keccak_256(keccak_padding padding, const void *data, size_t n, unsigned char out[KECCAK_BYTES]);
#endif
