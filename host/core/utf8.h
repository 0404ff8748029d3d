/* SPDX-License-Identifier: MIT
 * utf8.h -- validates UTF-8, at once or as it arrives (RFC 3629: no surrogates, nothing overlong,
 * nothing above U+10FFFF). */
#ifndef HUMAN_UTF8_H
#define HUMAN_UTF8_H
#include <stddef.h>
#include <stdint.h>

enum { UTF8_OK = 0, UTF8_BAD = 12 }; /* any other state: inside a character */

/* Continues from `state` (UTF8_OK at the start).  Returns UTF8_BAD from the first byte on that no
 * valid text can have there. */
uint32_t utf8_check(uint32_t state, const void *p, size_t n);
#endif
