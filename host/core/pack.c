/* SPDX-License-Identifier: MIT
 * pack.c -- see pack.h.  Tags are those of lj_serialize.c; lengths are its U124 numbers: one byte
 * below 0xe0, two bytes below 0x1fe0, else 0xff and four bytes, little-endian.
 *
 * The reader trusts nothing: every length is checked against what is left, so that a count it
 * returns can never make a caller loop or allocate beyond the size of the blob. */
#include "core/pack.h"

#include <math.h>
#include <string.h>

enum {
  TAG_NIL = 0x00,
  TAG_FALSE = 0x01,
  TAG_TRUE = 0x02,
  TAG_NULL = 0x03,
  TAG_INT = 0x06,
  TAG_NUM = 0x07,
  TAG_TABLE = 0x08, /* + 1 with a hash part; + 2 array from index 0; + 4 array from index 1 */
  TAG_STR = 0x20,   /* + length, as one U124 */
  U1_LIMIT = 0xe0,
  U2_LIMIT = 0x1fe0
};

static void store32(char *p, uint32_t v) {
  for (int i = 0; i < 4; i++) p[i] = (char)(v >> (8 * i));
}

static uint32_t load32(const unsigned char *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int put_byte(buf *b, int byte) {
  char *p = buf_reserve(b, 1);
  if (!p) return -1;
  *p = (char)byte;
  b->n++;
  return 0;
}

static int put_u124(buf *b, uint32_t v) {
  char *p = buf_reserve(b, 5);
  if (!p) return -1;
  if (v < U1_LIMIT) {
    p[0] = (char)v;
    b->n += 1;
  } else if (v < U2_LIMIT) {
    v -= U1_LIMIT;
    p[0] = (char)(0xe0 | v >> 8);
    p[1] = (char)v;
    b->n += 2;
  } else {
    p[0] = (char)0xff;
    store32(p + 1, v);
    b->n += 5;
  }
  return 0;
}

int pack_nil(buf *b) { return put_byte(b, TAG_NIL); }

int pack_null(buf *b) { return put_byte(b, TAG_NULL); }

int pack_bool(buf *b, bool v) { return put_byte(b, v ? TAG_TRUE : TAG_FALSE); }

int pack_int(buf *b, int32_t v) {
  char *p = buf_reserve(b, 5);
  if (!p) return -1;
  p[0] = TAG_INT;
  store32(p + 1, (uint32_t)v);
  b->n += 5;
  return 0;
}

int pack_num(buf *b, double v) {
  char *p = buf_reserve(b, 9);
  if (!p) return -1;
  /* LuaJIT boxes values in NaNs: only the canonical one may ever reach it. */
  uint64_t bits = 0xfff8000000000000u;
  if (!isnan(v)) memcpy(&bits, &v, sizeof bits);
  p[0] = TAG_NUM;
  store32(p + 1, (uint32_t)bits);
  store32(p + 5, (uint32_t)(bits >> 32));
  b->n += 9;
  return 0;
}

int pack_str(buf *b, const char *p, size_t n) {
  if (n > UINT32_MAX - TAG_STR) return -1;
  size_t start = b->n;
  if (put_u124(b, (uint32_t)n + TAG_STR) == 0 && buf_add(b, p, n) == 0) return 0;
  b->n = start;
  return -1;
}

int pack_z(buf *b, const char *z) { return pack_str(b, z, strlen(z)); }

int pack_map(buf *b, uint32_t pairs) {
  if (pairs == 0) return put_byte(b, TAG_TABLE);
  return put_byte(b, TAG_TABLE + 1) < 0 ? -1 : put_u124(b, pairs);
}

/* An array from index 1 is counted with its unused slot 0. */
int pack_array(buf *b, uint32_t n) {
  if (n == 0) return put_byte(b, TAG_TABLE);
  if (n == UINT32_MAX) return -1;
  return put_byte(b, TAG_TABLE + 4) < 0 ? -1 : put_u124(b, n + 1);
}

/* ---- reader ---------------------------------------------------------------------------- */

static size_t left(const pack_reader *r) { return (size_t)(r->end - r->p); }

static int get_u124(pack_reader *r, uint32_t *v) {
  if (left(r) < 1) return -1;
  uint32_t first = *r->p++;
  if (first < U1_LIMIT) {
    *v = first;
  } else if (first != 0xff) {
    if (left(r) < 1) return -1;
    *v = ((first & 0x1f) << 8) + *r->p++ + U1_LIMIT;
  } else {
    if (left(r) < 4) return -1;
    *v = load32(r->p);
    r->p += 4;
  }
  return 0;
}

static int get_table(pack_reader *r, pack_value *v, uint32_t tag) {
  uint32_t kind = tag - TAG_TABLE, array = 0, hash = 0;
  if (kind >= 2 && get_u124(r, &array) < 0) return -1;
  if ((kind & 1) && get_u124(r, &hash) < 0) return -1;
  v->zero_based = (kind & ~1u) == 2;
  if (kind >= 4) {
    if (array == 0) return -1;
    array--;
  }
  /* every element takes at least one byte */
  if (array > left(r) || hash > (left(r) - array) / 2) return -1;
  v->array = array;
  v->hash = hash;
  return v->type = PACK_TABLE;
}

static int get_number(pack_reader *r, pack_value *v, uint32_t tag) {
  if (tag == TAG_INT) {
    if (left(r) < 4) return -1;
    v->is_int = true;
    v->num = (double)(int32_t)load32(r->p);
    r->p += 4;
  } else {
    if (left(r) < 8) return -1;
    uint64_t bits = (uint64_t)load32(r->p) | (uint64_t)load32(r->p + 4) << 32;
    memcpy(&v->num, &bits, sizeof bits);
    r->p += 8;
    v->is_int = v->num >= -2147483648.0 && v->num <= 2147483647.0 && v->num == floor(v->num);
  }
  return v->type = PACK_NUM;
}

static int get_string(pack_reader *r, pack_value *v, uint32_t tag) {
  v->n = tag - TAG_STR;
  if (v->n > left(r)) return -1;
  v->s = (const char *)r->p;
  r->p += v->n;
  return v->type = PACK_STR;
}

int pack_read(pack_reader *r, pack_value *v) {
  uint32_t tag;
  *v = (pack_value){.type = -1};
  if (get_u124(r, &tag) < 0) return -1;
  if (tag >= TAG_STR) return get_string(r, v, tag);
  switch (tag) {
    case TAG_NIL: return v->type = PACK_NIL;
    case TAG_NULL: return v->type = PACK_NULL;
    case TAG_FALSE: return v->type = PACK_BOOL;
    case TAG_TRUE: v->b = true; return v->type = PACK_BOOL;
    case TAG_INT:
    case TAG_NUM: return get_number(r, v, tag);
    default: break;
  }
  if (tag >= TAG_TABLE && tag < TAG_TABLE + 6) return get_table(r, v, tag);
  return -1; /* cdata, dictionaries and light userdata other than NULL never cross */
}

int pack_skip(pack_reader *r, int depth) {
  pack_value v;
  if (depth <= 0) return -1;
  int type = pack_read(r, &v);
  if (type != PACK_TABLE) return type < 0 ? -1 : 0;
  for (size_t i = 0, n = (size_t)v.array + 2 * (size_t)v.hash; i < n; i++)
    if (pack_skip(r, depth - 1) < 0) return -1;
  return 0;
}
