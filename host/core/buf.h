/* SPDX-License-Identifier: MIT
 * buf.h -- a growable byte buffer with a maximum.  The owner frees it; nothing here aborts. */
#ifndef HUMAN_BUF_H
#define HUMAN_BUF_H
#include <stddef.h>

typedef struct {
  char *p;
  size_t n, cap, max; /* max 0: unlimited */
} buf;

void buf_init(buf *b, size_t max);
/* Makes room for `more` bytes after n.  NULL when over the
 * maximum or out of memory; then b is unchanged. */
char *buf_reserve(buf *b, size_t more);
int buf_add(buf *b, const void *p, size_t n); /* 0, or -1 as above */
int buf_str(buf *b, const char *z);
int buf_fmt(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_take(buf *b, size_t n); /* drop n bytes from the front */
void buf_free(buf *b);           /* empties it, keeps max */
#endif
