/* SPDX-License-Identifier: MIT
 * replace.c -- string.gsub with a replacement text: all matches in one call.
 *
 * Owns the buffer of the result, which lives until the next call.  Otherwise pure, like match.c. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "host_api.h"

enum { RESULT_MAX = 64 << 20, RESULT_KEEP = 256 << 10, BYTES_PER_STEP = 16 };

static buf result = {.max = RESULT_MAX};

static int put(const char *p, size_t n, host_found *f) {
  f->steps -= (double)n / BYTES_PER_STEP;
  if (f->steps < 0) f->steps = 0;
  return buf_add(&result, p, n) ? HOST_EFULL : 0;
}

static int put_whole(const host_str *text, host_found *f) {
  return put(text->p + f->from, (size_t)(f->to - f->from), f);
}

/* %0 is the match, and so is %1 when nothing is captured. */
static int put_capture(const host_str *text, int digit, host_found *f) {
  char number[16];
  if (digit == 0 || (digit == 1 && f->level == 0)) return put_whole(text, f);
  int i = digit - 1;
  bool is_there = i < f->level;
  if (!is_there || f->capture[i].n == HOST_CAPTURE_OPEN) {
    f->why = is_there ? HOST_MATCH_UNFINISHED : HOST_MATCH_NO_CAPTURE;
    return HOST_EINVAL;
  }
  if (f->capture[i].n != HOST_CAPTURE_POSITION)
    return put(text->p + f->capture[i].from, (size_t)f->capture[i].n, f);
  int n = snprintf(number, sizeof number, "%d", f->capture[i].from + 1);
  return put(number, (size_t)n, f);
}

/* A % before a non-digit stands for that character; at the end, for NUL. */
static int put_replacement(const host_str *text, const host_str *repl, host_found *f) {
  int failed = 0;
  for (uint32_t i = 0; i < repl->n && !failed; i++) {
    const char *percent = memchr(repl->p + i, '%', repl->n - i);
    uint32_t plain = percent ? (uint32_t)(percent - repl->p) : repl->n;
    if (plain > i) failed = put(repl->p + i, plain - i, f);
    i = plain;
    if (!percent || failed) continue;
    char c = ++i < repl->n ? repl->p[i] : 0;
    failed = c >= '0' && c <= '9' ? put_capture(text, c - '0', f) : put(&c, 1, f);
  }
  return failed;
}

int host_replace(host_str *text, host_str *pattern, host_str *repl, double max, host_found *f,
                 host_str *out) {
  int count = 0, at = 0, copied = 0;
  if (result.cap > RESULT_KEEP) buf_free(&result);
  result.n = 0;
  while (count < max && at <= (int)text->n) {
    int found = host_match(text, pattern, at, HOST_MATCH_MATCH, f);
    if (found < 0) return found;
    if (!found) break;
    count++;
    int failed = put(text->p + copied, (size_t)(f->from - copied), f);
    if (!failed) failed = put_replacement(text, repl, f);
    if (failed) return failed;
    copied = f->to;
    at = f->to == f->from ? f->to + 1 : f->to;
    if (pattern->n && pattern->p[0] == '^') break;
  }
  if (put(text->p + copied, text->n - (size_t)copied, f)) return HOST_EFULL;
  *out = (host_str){result.p, (uint32_t)result.n};
  return count;
}
