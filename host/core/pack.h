/* SPDX-License-Identifier: MIT
 * pack.h -- LuaJIT's string.buffer serialisation, the one bulk codec between C and Lua.
 * Source of the format: https://luajit.org/ext_buffer.html#serialize */
#ifndef HUMAN_PACK_H
#define HUMAN_PACK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

/* Writer: all return 0, or -1 when the buffer is at its maximum. */
int pack_nil(buf *b);
int pack_null(buf *b); /* lightuserdata NULL: json.null in Lua */
int pack_bool(buf *b, bool v);
int pack_int(buf *b, int32_t v);
int pack_num(buf *b, double v);
int pack_str(buf *b, const char *p, size_t n);
int pack_z(buf *b, const char *z);
int pack_map(buf *b, uint32_t pairs);               /* then key, value, key, value, .. */
int pack_array(buf *b, uint32_t n);                 /* 1-based; then n values */

/* Reader: a cursor over a blob.  pack_read returns the type, or -1 on malformed or truncated input.
 * For tables it returns PACK_TABLE with the counts; the caller reads the elements. */
enum { PACK_NIL, PACK_BOOL, PACK_NULL, PACK_NUM, PACK_STR, PACK_TABLE };
typedef struct { const unsigned char *p, *end; } pack_reader;
typedef struct {
  int type;
  bool b;
  bool is_int;
  double num;
  const char *s;
  size_t n;               /* string length */
  uint32_t array, hash;   /* array elements (1-based first), then key/value pairs */
  bool zero_based;        /* the array part starts at index 0: `array` counts it */
} pack_value;
int pack_read(pack_reader *r, pack_value *v);
int pack_skip(pack_reader *r, int depth); /* one whole value; -1 as above, or nested too deep */
#endif
