/* SPDX-License-Identifier: MIT
 * sealkeys.h -- the keys of seal.c: one for new texts, and previous ones that still open old texts. */
#ifndef HUMAN_SEALKEYS_H
#define HUMAN_SEALKEYS_H
#include <stddef.h>

enum { SEALKEY_BYTES = 32, SEALKEY_ID = 8, SEALKEYS_MAX = 16 };

typedef struct {
  unsigned char bytes[SEALKEY_BYTES];
  char id[SEALKEY_ID + 1]; /* the first digits of a hash: identifies a key, reveals nothing */
} sealkey;

/* The key for new texts; creates one if there is none.  On failure NULL, and "what: why". */
const sealkey *sealkeys_current(char *why, size_t n);

const sealkey *sealkeys_find(const char *id); /* NULL: no key of ours */

/* Adds a new key to the file, for new texts.  0; -1 and "what: why". */
int sealkeys_rotate(char *why, size_t n);
#endif
