/* SPDX-License-Identifier: MIT
 * utf8.c -- see utf8.h.  Pure.  ASCII is skipped eight bytes at a time; the rest goes through a small
 * automaton whose rows are indexed by the class of the byte. */
#include "core/utf8.h"

#include <string.h>

#include "host_api.h"

/* Classes of bytes >= 0x80; below that all are class 0. */
enum {
  ASCII, TAIL_80, TAIL_90, TAIL_A0, LEAD2, LEAD3_E0, LEAD3, LEAD3_ED, LEAD4_F0, LEAD4, LEAD4_F4, NEVER,
  CLASSES
};

/* States: what must follow.  Multiples of CLASSES, so that a state is also the start of its row. */
enum {
  OK = 0, BAD = CLASSES, ONE = CLASSES * 2, TWO = CLASSES * 3, THREE = CLASSES * 4,
  E0 = CLASSES * 5, ED = CLASSES * 6, F0 = CLASSES * 7, F4 = CLASSES * 8, STATES = 9
};

_Static_assert((int)OK == (int)UTF8_OK && (int)BAD == (int)UTF8_BAD, "utf8.h names two of the states");

static const uint8_t next_state[STATES * CLASSES] = {
    /* ascii 80-8F 90-9F A0-BF C2-DF  E0   E1-EF   ED   F0   F1-F3  F4   never */
    OK,  BAD, BAD, BAD, ONE, E0,  TWO, ED,  F0,  THREE, F4,  BAD, /* OK */
    BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,   BAD, BAD, /* BAD */
    BAD, OK,  OK,  OK,  BAD, BAD, BAD, BAD, BAD, BAD,   BAD, BAD, /* ONE */
    BAD, ONE, ONE, ONE, BAD, BAD, BAD, BAD, BAD, BAD,   BAD, BAD, /* TWO */
    BAD, TWO, TWO, TWO, BAD, BAD, BAD, BAD, BAD, BAD,   BAD, BAD, /* THREE */
    BAD, BAD, BAD, ONE, BAD, BAD, BAD, BAD, BAD, BAD,   BAD, BAD, /* E0: not overlong */
    BAD, ONE, ONE, BAD, BAD, BAD, BAD, BAD, BAD, BAD,   BAD, BAD, /* ED: no surrogate */
    BAD, BAD, TWO, TWO, BAD, BAD, BAD, BAD, BAD, BAD,   BAD, BAD, /* F0: not overlong */
    BAD, TWO, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,   BAD, BAD, /* F4: at most 10FFFF */
};

static const uint8_t class_of[128] = {
    TAIL_80, TAIL_80, TAIL_80, TAIL_80, TAIL_80, TAIL_80, TAIL_80, TAIL_80, /* 80 */
    TAIL_80, TAIL_80, TAIL_80, TAIL_80, TAIL_80, TAIL_80, TAIL_80, TAIL_80,
    TAIL_90, TAIL_90, TAIL_90, TAIL_90, TAIL_90, TAIL_90, TAIL_90, TAIL_90, /* 90 */
    TAIL_90, TAIL_90, TAIL_90, TAIL_90, TAIL_90, TAIL_90, TAIL_90, TAIL_90,
    TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, /* A0 */
    TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0,
    TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, /* B0 */
    TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0, TAIL_A0,
    NEVER, NEVER, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, /* C0 */
    LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2,
    LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, /* D0 */
    LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2, LEAD2,
    LEAD3_E0, LEAD3, LEAD3, LEAD3, LEAD3, LEAD3, LEAD3, LEAD3, /* E0 */
    LEAD3, LEAD3, LEAD3, LEAD3, LEAD3, LEAD3_ED, LEAD3, LEAD3,
    LEAD4_F0, LEAD4, LEAD4, LEAD4, LEAD4_F4, NEVER, NEVER, NEVER, /* F0 */
    NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER,
};

static size_t ascii_run(const unsigned char *p, size_t n) {
  size_t i = 0;
  for (; n - i >= 8; i += 8) {
    uint64_t w;
    memcpy(&w, p + i, sizeof w);
    if (w & 0x8080808080808080u) break;
  }
  while (i < n && p[i] < 0x80) i++;
  return i;
}

uint32_t utf8_check(uint32_t state, const void *data, size_t n) {
  const unsigned char *p = data;
  for (size_t i = 0; i < n;) {
    if (state == OK) {
      i += ascii_run(p + i, n - i);
      if (i == n) break;
    }
    state = next_state[state + (p[i] < 0x80 ? (unsigned)ASCII : class_of[p[i] - 0x80])];
    if (state == BAD) break;
    i++;
  }
  return state;
}

int host_utf8_ok(host_str *s) {
  return utf8_check(UTF8_OK, s->p, s->n) == UTF8_OK;
}
