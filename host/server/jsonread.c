/* SPDX-License-Identifier: MIT
 * jsonread.c -- JSON text to Lua values in one pass: tables get their size at once, and what is not
 * plainly right is left to host/lua/json.lua, which knows what to say about it.
 *
 * Owns: one buffer for strings with escapes.  Must never: refuse by itself, or accept what
 * host/lua/json.lua refuses (RFC 8259, UTF-8, no NUL bytes, 64 levels). */
#include "server/jsonread.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/utf8.h"

enum {
  DEPTH_MAX = 64,
  PENDING = 16,                /* members on the stack before they are moved to their table */
  NUMBER_MAX = 40,             /* longer ones are left to json.lua */
  EXACT_DIGITS = 15,           /* so many are exact in a double */
  KEEP = 64 << 10,             /* a longer scratch buffer is given back */
};

typedef struct {
  lua_State *L;
  const char *p, *end;
  int depth;
} reader;

static buf scratch;

static bool value(reader *r);

static void skip_space(reader *r) {
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')) r->p++;
}

/* Whether the next byte, after white space, is c; takes it. */
static bool take(reader *r, char c) {
  skip_space(r);
  if (r->p == r->end || *r->p != c) return false;
  r->p++;
  return true;
}

/* ---- strings ---- */

static int hex4(const char *p) {
  int v = 0;
  for (int i = 0; i < 4; i++) {
    int c = (unsigned char)p[i], low = c | 0x20;
    if (c >= '0' && c <= '9') v = v * 16 + c - '0';
    else if (low >= 'a' && low <= 'f') v = v * 16 + low - 'a' + 10;
    else return -1;
  }
  return v;
}

/* The character of \uXXXX, or of a pair of them, whose u is at *p; -1: no character. */
static int escaped_char(const char **p, const char *end) {
  if (end - *p < 5) return -1;
  int high = hex4(*p + 1);
  *p += 5;
  if (high < 0xd800 || high > 0xdfff) return high;
  if (high > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') return -1;
  int low = hex4(*p + 2);
  *p += 6;
  if (low < 0xdc00 || low > 0xdfff) return -1;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char *put_utf8(char *to, int c) {
  if (c < 0x80) {
    *to++ = (char)c;
  } else if (c < 0x800) {
    *to++ = (char)(0xc0 | c >> 6);
    *to++ = (char)(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    *to++ = (char)(0xe0 | c >> 12);
    *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    *to++ = (char)(0x80 | (c & 0x3f));
  } else {
    *to++ = (char)(0xf0 | c >> 18);
    *to++ = (char)(0x80 | (c >> 12 & 0x3f));
    *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    *to++ = (char)(0x80 | (c & 0x3f));
  }
  return to;
}

static const char *put_escape(char **to, const char *p, const char *end) {
  static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
  if (p == end) return NULL;
  if (*p == 'u') {
    int c = escaped_char(&p, end);
    if (c < 0) return NULL;
    *to = put_utf8(*to, c);
    return p;
  }
  const char *known = memchr(names, *p, sizeof names - 1);
  if (!known) return NULL;
  *(*to)++ = bytes[known - names];
  return p + 1;
}

/* The rest of a string from its first backslash on.  What it unescapes to is never longer. */
static bool escaped_string(reader *r, const char *start) {
  const char *p = r->p, *end = r->end;
  scratch.n = 0;
  char *room = buf_reserve(&scratch, (size_t)(end - start)), *to = room;
  if (!room) return false;
  memcpy(to, start, (size_t)(p - start));
  to += p - start;
  while (p < end && *p != '"') {
    if (*p != '\\') {
      *to++ = *p++;
      continue;
    }
    p = put_escape(&to, p + 1, end);
    if (!p) return false;
  }
  if (p == end) return false;
  r->p = p + 1;
  lua_pushlstring(r->L, room, (size_t)(to - room));
  return true;
}

/* A string whose opening quote has been taken. */
static bool string(reader *r) {
  const char *start = r->p, *p = start, *end = r->end;
  while (p < end && *p != '"' && *p != '\\') p++;
  r->p = p;
  if (p == end) return false;
  if (*p == '\\') return escaped_string(r, start);
  lua_pushlstring(r->L, start, (size_t)(p - start));
  r->p++;
  return true;
}

/* ---- numbers and words ---- */

static const char *digits(const char *p, const char *end) {
  while (p < end && *p >= '0' && *p <= '9') p++;
  return p;
}

/* The end of the number at p by the grammar of RFC 8259, 6; NULL: it is none. */
static const char *number_end(const char *p, const char *end, bool *whole) {
  if (*p == '-') p++;
  const char *from = p;
  p = digits(p, end);
  *whole = true;
  if (p == from || (*from == '0' && p > from + 1)) return NULL;
  if (p < end && *p == '.') {
    from = ++p;
    p = digits(p, end);
    *whole = false;
    if (p == from) return NULL;
  }
  if (p == end || (*p | 0x20) != 'e') return p;
  *whole = false;
  if (++p < end && (*p == '+' || *p == '-')) p++;
  from = p;
  p = digits(p, end);
  return p == from ? NULL : p;
}

static double small_integer(const char *p, const char *end) {
  bool negative = *p == '-';
  int64_t v = 0;
  for (p += negative; p < end; p++) v = v * 10 + (*p - '0');
  return negative ? -(double)v : (double)v;
}

static bool number(reader *r) {
  bool whole;
  const char *p = r->p, *end = number_end(p, r->end, &whole);
  if (!end || end - p > NUMBER_MAX) return false;
  double v;
  if (whole && end - p <= EXACT_DIGITS) {
    v = small_integer(p, end);
  } else {
    char text[NUMBER_MAX + 1], *stop;
    size_t n = (size_t)(end - p);
    memcpy(text, p, n);
    text[n] = 0;
    v = strtod(text, &stop);
    if (stop != text + n) return false;
  }
  r->p = end;
  lua_pushnumber(r->L, v);
  return true;
}

static bool word(reader *r, const char *text, size_t n) {
  if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0) return false;
  r->p += n;
  return true;
}

/* ---- objects and arrays ---- */

/* Moves n names and values to the object in slot `at`; the first time it is made there, below them. */
static void move_members(lua_State *L, int at, int n, bool *made) {
  if (!*made) {
    lua_createtable(L, 0, n / 2);
    lua_insert(L, at);
    *made = true;
  }
  for (int i = at + 1; i < at + n; i += 2) {
    lua_pushvalue(L, i);
    lua_pushvalue(L, i + 1);
    lua_rawset(L, at);
  }
  lua_settop(L, at);
}

/* The same for the items of an array that has `count` already. */
static void move_items(lua_State *L, int at, int n, int *count) {
  if (!*count) {
    lua_createtable(L, n, 0);
    lua_insert(L, at);
  }
  for (int i = n; i > 0; i--) lua_rawseti(L, at, *count + i);
  *count += n;
}

static bool object(reader *r) {
  lua_State *L = r->L;
  int at = lua_gettop(L) + 1, n = 0;
  bool made = false;
  if (!take(r, '}')) {
    do {
      if (!take(r, '"') || !string(r) || !take(r, ':') || !value(r)) return false;
      n += 2;
      if (n < 2 * PENDING) continue;
      move_members(L, at, n, &made);
      n = 0;
    } while (take(r, ','));
    if (!take(r, '}')) return false;
  }
  if (n || !made) move_members(L, at, n, &made);
  return true;
}

static bool array(reader *r) {
  lua_State *L = r->L;
  int at = lua_gettop(L) + 1, n = 0, count = 0;
  if (take(r, ']')) {
    lua_newtable(L);
    lua_pushvalue(L, lua_upvalueindex(1)); /* without it an empty array would be an object */
    lua_setmetatable(L, -2);
    return true;
  }
  do {
    if (!value(r)) return false;
    if (++n < PENDING) continue;
    move_items(L, at, n, &count);
    n = 0;
  } while (take(r, ','));
  if (n) move_items(L, at, n, &count);
  return take(r, ']');
}

static bool container(reader *r, bool (*read)(reader *)) {
  r->p++;
  if (++r->depth > DEPTH_MAX || !lua_checkstack(r->L, 2 * PENDING + 8)) return false;
  bool ok = read(r);
  r->depth--;
  return ok;
}

/* Pushes the next value, or returns false with anything on the stack. */
static bool value(reader *r) {
  skip_space(r);
  if (r->p == r->end) return false;
  switch (*r->p) {
    case '{': return container(r, object);
    case '[': return container(r, array);
    case '"': r->p++; return string(r);
    case 't': lua_pushboolean(r->L, 1); return word(r, "true", 4);
    case 'f': lua_pushboolean(r->L, 0); return word(r, "false", 5);
    case 'n': lua_pushlightuserdata(r->L, NULL); return word(r, "null", 4);
    default: return number(r);
  }
}

/* The value of a text, from a byte on (1 when absent); nil: json.lua has to look at it. */
static int json_read(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  lua_Integer from = luaL_optinteger(L, 2, 1) - 1;
  if (from < 0 || (size_t)from > n) return lua_pushnil(L), 1;
  text += from;
  n -= (size_t)from;
  reader r = {.L = L, .p = text, .end = text + n};
  bool ok = !memchr(text, 0, n) && utf8_check(UTF8_OK, text, n) == UTF8_OK && value(&r);
  if (scratch.cap > KEEP) buf_free(&scratch);
  skip_space(&r);
  if (ok && r.p == r.end) return 1;
  lua_pushnil(L);
  return 1;
}

/* native.json_reader(metatable of empty arrays) -> function(text, from) -> value or nil. */
static int json_reader(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushcclosure(L, json_read, 1);
  return 1;
}

void jsonread_register(lua_State *L) {
  static const luaL_Reg fns[] = {{"json_reader", json_reader}, {NULL, NULL}};
  luaL_register(L, NULL, fns);
}
