/* SPDX-License-Identifier: MIT
 * utf8.h -- is it UTF-8?  In one piece or as it arrives (RFC 3629: no surrogates, nothing overlong,
 * nothing above U+10FFFF). */
#ifndef HUMAN_UTF8_H
#define HUMAN_UTF8_H
#include <stddef.h>
#include <stdint.h>

enum { UTF8_OK = 0, UTF8_BAD = 12 }; /* any other state: in the middle of a character */

/* Go on from `state` (UTF8_OK at the start).  UTF8_BAD is reached at the first byte that no valid
 * text can have there, and is never left. */
uint32_t utf8_check(uint32_t state, const void *p, size_t n);
#endif
