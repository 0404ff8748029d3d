/* SPDX-License-Identifier: MIT
 * buf.c -- see buf.h.  Growth doubles, never past the maximum. */
#include "core/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(buf *b, size_t max) {
  *b = (buf){.max = max};
}

char *buf_reserve(buf *b, size_t more) {
  if (more <= b->cap - b->n) return b->p + b->n;
  if (more > SIZE_MAX / 2 - b->n || (b->max && b->n + more > b->max)) return NULL;
  size_t cap = b->cap ? b->cap : 256;
  while (cap < b->n + more) cap *= 2;
  if (b->max && cap > b->max) cap = b->max;
  char *p = realloc(b->p, cap);
  if (!p) return NULL;
  b->p = p;
  b->cap = cap;
  return p + b->n;
}

int buf_add(buf *b, const void *p, size_t n) {
  if (n == 0) return 0;
  char *to = buf_reserve(b, n);
  if (!to) return -1;
  memcpy(to, p, n);
  b->n += n;
  return 0;
}

int buf_str(buf *b, const char *z) {
  return buf_add(b, z, strlen(z));
}

int buf_fmt(buf *b, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  char *to = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
  if (!to) return -1;
  va_start(args, fmt);
  vsnprintf(to, (size_t)n + 1, fmt, args);
  va_end(args);
  b->n += (size_t)n;
  return 0;
}

void buf_take(buf *b, size_t n) {
  if (n >= b->n) {
    b->n = 0;
    return;
  }
  memmove(b->p, b->p + n, b->n - n);
  b->n -= n;
}

void buf_free(buf *b) {
  free(b->p);
  *b = (buf){.max = b->max};
}
