/* SPDX-License-Identifier: MIT
 * jsonwrite.c -- Lua values as JSON text, with or without a schema, in one pass: one string is made, not
 * one for each member.  host/lua/schema/encoder.lua compiles a schema and writes the kinds that are not
 * here; it and host/lua/json.lua look at everything that does not plainly fit.
 *
 * Owns: the buffer that the text grows in.  Must never: refuse by itself, or call code of scripts. */
#include "server/jsonwrite.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

enum { NUMBER_MAX = 40, ESCAPED = 6, DEPTH_MAX = 64, KEEP = 64 << 10, PARTS_MAX = 1 << 16, REFS = 2 };

/* As encoder.lua counts them. */
typedef enum {
  WRITE_LUA = 1, WRITE_TEXT, WRITE_INT, WRITE_NUMBER, WRITE_BOOL, WRITE_OBJECT, WRITE_ARRAY
} kind;

/* What an object says of a member without a value. */
typedef enum { NIL_REFUSED = 1, NIL_MISSING, NIL_MISSING_NULL_WRITTEN } absence;

typedef struct {
  kind kind;
  bool nullable;
  int first, count; /* an object's fields; an array's node; the writer's place in the references */
} node;

typedef struct {
  absence absence;
  int node, key, name, missing; /* key, name and missing: places in the references */
} field;

/* The references, a Lua array, are the function's second upvalue. */
typedef struct {
  int nodes, fields;
  node *node;
  field *field;
} program;

static buf out;
static bool busy; /* a writer of encoder.lua has called what calls us */

static bool write_node(lua_State *L, const program *p, const node *n);

static bool put(const char *text, size_t n) {
  return buf_add(&out, text, n) == 0;
}

/* ---- single values ---- */

static char escape_of(unsigned char c) {
  switch (c) {
    case '"': case '\\': return (char)c;
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return c < 0x20 || c == 0x7f ? 'u' : 0;
  }
}

/* A string with its quotes; n bytes take at most six times as many. */
static bool put_quoted(const char *text, size_t n) {
  char *to = n < SIZE_MAX / 16 ? buf_reserve(&out, n * ESCAPED + 2) : NULL, *start = to;
  if (!to) return false;
  *to++ = '"';
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    char how = c >= 0x20 && c != '"' && c != '\\' && c != 0x7f ? 0 : escape_of(c);
    if (how) *to++ = '\\';
    if (how == 'u') to += snprintf(to, ESCAPED, "u%04x", c);
    else *to++ = how ? how : (char)c;
  }
  *to++ = '"';
  out.n += (size_t)(to - start);
  return true;
}

static bool write_text(lua_State *L) {
  size_t n;
  if (lua_type(L, -1) != LUA_TSTRING) return false;
  const char *text = lua_tolstring(L, -1, &n);
  return put_quoted(text, n);
}

static bool put_integer(double v) {
  char text[NUMBER_MAX], *end = text + sizeof text, *to = end;
  uint64_t left = (uint64_t)fabs(v);
  do *--to = (char)('0' + left % 10);
  while (left /= 10);
  if (v < 0) *--to = '-';
  return put(to, (size_t)(end - to));
}

/* In the fewest digits that read back as the same number. */
static bool put_fraction(double v) {
  char text[NUMBER_MAX];
  int digits = 14, n;
  do n = snprintf(text, sizeof text, "%.*g", digits, v);
  while (strtod(text, NULL) != v && ++digits <= 17);
  return put(text, (size_t)n);
}

static bool write_number(lua_State *L, bool whole) {
  if (lua_type(L, -1) != LUA_TNUMBER) return false;
  double v = lua_tonumber(L, -1);
  if (v == floor(v) && fabs(v) <= 0x1p53) return put_integer(v);
  return !whole && isfinite(v) && put_fraction(v);
}

static bool write_bool(lua_State *L) {
  if (lua_type(L, -1) != LUA_TBOOLEAN) return false;
  return lua_toboolean(L, -1) ? put("true", 4) : put("false", 5);
}

/* By a function of encoder.lua; what it raises, it will raise again when encoder.lua looks. */
static bool write_lua(lua_State *L, const node *n) {
  size_t length;
  lua_rawgeti(L, lua_upvalueindex(REFS), n->first);
  lua_pushvalue(L, -2);
  busy = true;
  int failed = lua_pcall(L, 1, 1, 0);
  busy = false;
  const char *text = failed ? NULL : lua_tolstring(L, -1, &length);
  bool ok = text && put(text, length);
  lua_pop(L, 1);
  return ok;
}

/* ---- arrays and objects ---- */

/* An object whose metatable may answer for it is left to encoder.lua. */
static bool is_plain(lua_State *L) {
  if (!lua_getmetatable(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

static bool is_empty(lua_State *L) {
  lua_pushnil(L);
  if (!lua_next(L, -2)) return true;
  lua_pop(L, 2);
  return false;
}

static bool write_array(lua_State *L, const program *p, const node *n) {
  if (!lua_istable(L, -1)) return false;
  size_t count = lua_objlen(L, -1);
  if (!count) return is_empty(L) && put("[]", 2);
  for (size_t i = 1; i <= count; i++) {
    if (!put(i > 1 ? "," : "[", 1)) return false;
    lua_rawgeti(L, -1, (int)i);
    if (!write_node(L, p, &p->node[n->first])) return false;
    lua_pop(L, 1);
  }
  return put("]", 1);
}

static bool put_ref(lua_State *L, int ref) {
  size_t n;
  lua_rawgeti(L, lua_upvalueindex(REFS), ref);
  const char *text = lua_tolstring(L, -1, &n);
  bool ok = put(text, n);
  lua_pop(L, 1);
  return ok;
}

static bool is_null(lua_State *L) {
  return lua_islightuserdata(L, -1) && !lua_touserdata(L, -1);
}

/* A member whose value is on top: its name and its text, or what is written in its absence. */
static bool write_member(lua_State *L, const program *p, const field *f) {
  bool nil = lua_isnil(L, -1), null = f->absence == NIL_MISSING && is_null(L);
  if ((nil && f->absence != NIL_REFUSED) || null) return put_ref(L, f->missing);
  return put_ref(L, f->name) && write_node(L, p, &p->node[f->node]);
}

/* Each member that is written begins with a comma; the first one becomes the brace. */
static bool write_object(lua_State *L, const program *p, const node *n) {
  if (!lua_istable(L, -1) || !is_plain(L)) return false;
  size_t start = out.n;
  for (int i = 0; i < n->count; i++) {
    const field *f = &p->field[n->first + i];
    lua_rawgeti(L, lua_upvalueindex(REFS), f->key);
    lua_rawget(L, -2);
    if (!write_member(L, p, f)) return false;
    lua_pop(L, 1);
  }
  if (out.n == start) return put("{}", 2);
  out.p[start] = '{';
  return put("}", 1);
}

/* Appends the value on top of the stack; false, with anything on the stack, when it does not fit. */
static bool write_node(lua_State *L, const program *p, const node *n) {
  if (n->nullable && (lua_isnil(L, -1) || is_null(L))) return put("null", 4);
  switch (n->kind) {
    case WRITE_TEXT: return write_text(L);
    case WRITE_INT: return write_number(L, true);
    case WRITE_NUMBER: return write_number(L, false);
    case WRITE_BOOL: return write_bool(L);
    case WRITE_OBJECT: return lua_checkstack(L, 8) && write_object(L, p, n);
    case WRITE_ARRAY: return lua_checkstack(L, 8) && write_array(L, p, n);
    case WRITE_LUA: return lua_checkstack(L, 8) && write_lua(L, n);
    default: return false;
  }
}

/* ---- values without a schema ---- */

static bool write_any(lua_State *L, int depth);

/* An object's members, in the table's own order; the names are strings, or json.lua has to look. */
static bool write_members(lua_State *L, int depth) {
  size_t start = out.n;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    size_t n;
    if (lua_type(L, -2) != LUA_TSTRING) return false;
    const char *name = lua_tolstring(L, -2, &n);
    if (!put(",", 1) || !put_quoted(name, n) || !put(":", 1) || !write_any(L, depth + 1)) return false;
    lua_pop(L, 1);
  }
  if (out.n == start) return put("{}", 2);
  out.p[start] = '{';
  return put("}", 1);
}

/* Whether the table on top has `count` members: then an array of that length has no others. */
static bool has_only(lua_State *L, size_t count) {
  size_t n = 0;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    n++;
  }
  return n == count;
}

static bool write_items(lua_State *L, size_t count, int depth) {
  for (size_t i = 1; i <= count; i++) {
    if (!put(i > 1 ? "," : "[", 1)) return false;
    lua_rawgeti(L, -1, (int)i);
    if (lua_isnil(L, -1) || !write_any(L, depth + 1)) return false;
    lua_pop(L, 1);
  }
  return count ? put("]", 1) : put("[]", 2);
}

/* The only metatable that is known here says that a table is an array. */
static bool write_table(lua_State *L, int depth) {
  size_t count = lua_objlen(L, -1);
  bool marked = lua_getmetatable(L, -1);
  if (marked) {
    bool known = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    if (!known) return false;
  }
  if (count || marked) return has_only(L, count) && write_items(L, count, depth);
  return write_members(L, depth);
}

static bool write_any(lua_State *L, int depth) {
  switch (lua_type(L, -1)) {
    case LUA_TSTRING: return write_text(L);
    case LUA_TNUMBER: return write_number(L, false);
    case LUA_TBOOLEAN: return write_bool(L);
    case LUA_TLIGHTUSERDATA: return is_null(L) && put("null", 4);
    case LUA_TTABLE: return depth < DEPTH_MAX && lua_checkstack(L, 8) && write_table(L, depth);
    default: return false;
  }
}

/* ---- for Lua ---- */

static int push_text(lua_State *L, bool ok) {
  if (ok) lua_pushlstring(L, out.p ? out.p : "", out.n);
  else lua_pushnil(L);
  if (out.cap > KEEP) buf_free(&out);
  return 1;
}

/* The text of a value; nil: encoder.lua has to look at it. */
static int json_write(lua_State *L) {
  const program *p = lua_touserdata(L, lua_upvalueindex(1));
  if (busy) return lua_pushnil(L), 1;
  lua_settop(L, 1);
  out.n = 0;
  return push_text(L, write_node(L, p, &p->node[0]));
}

/* The text of a value between two others, which may be nil; nil: json.lua has to look at it. */
static int json_encode(lua_State *L) {
  size_t before_n = 0, after_n = 0;
  if (busy) return lua_pushnil(L), 1;
  lua_settop(L, 3);
  const char *before = lua_tolstring(L, 2, &before_n), *after = lua_tolstring(L, 3, &after_n);
  out.n = 0;
  bool ok = put(before, before_n);
  lua_pushvalue(L, 1);
  return push_text(L, ok && write_any(L, 0) && put(after, after_n));
}

/* native.json_encoder(metatable of arrays) -> function(value, before, after) -> text or nil. */
static int json_encoder(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushcclosure(L, json_encode, 1);
  return 1;
}

/* native.json_quote(text) -> a JSON string. */
static int json_quote(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  size_t before = busy ? out.n : 0;
  out.n = before;
  bool ok = put_quoted(text, n);
  if (!ok) return luaL_error(L, "not enough memory");
  lua_pushlstring(L, out.p + before, out.n - before);
  out.n = before;
  if (!busy && out.cap > KEEP) buf_free(&out);
  return 1;
}

/* The number at place `at` of the array on top. */
static int number_at(lua_State *L, int at) {
  lua_rawgeti(L, -1, at);
  int v = (int)luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return v;
}

static int within(lua_State *L, int v, int from, int to) {
  if (v < from || v > to) luaL_error(L, "json_writer: %d is not between %d and %d", v, from, to);
  return v;
}

static void take_node(lua_State *L, const program *p, node *n, int refs) {
  *n = (node){.kind = (kind)within(L, number_at(L, 1), WRITE_LUA, WRITE_ARRAY),
              .nullable = number_at(L, 2) == 1, .first = number_at(L, 3), .count = number_at(L, 4)};
  if (n->kind == WRITE_OBJECT) {
    within(L, n->count, 0, p->fields);
    within(L, n->first, 0, p->fields - n->count);
  }
  if (n->kind == WRITE_ARRAY) within(L, n->first, 0, p->nodes - 1);
  if (n->kind == WRITE_LUA) within(L, n->first, 1, refs);
}

static void take_field(lua_State *L, const program *p, field *f, int refs) {
  *f = (field){.absence = (absence)within(L, number_at(L, 1), NIL_REFUSED, NIL_MISSING_NULL_WRITTEN),
               .node = within(L, number_at(L, 2), 0, p->nodes - 1),
               .key = within(L, number_at(L, 3), 1, refs),
               .name = within(L, number_at(L, 4), 1, refs),
               .missing = within(L, number_at(L, 5), 1, refs)};
}

/* native.json_writer(nodes, fields, references) -> function(value) -> text or nil.  nodes: {{kind, 1 when
 * nullable, first, count}, ..}; fields: {{absence, node, key, name, missing}, ..}. */
static int json_writer(lua_State *L) {
  for (int i = 1; i <= 3; i++) luaL_checktype(L, i, LUA_TTABLE);
  lua_settop(L, 3);
  int nodes = within(L, (int)lua_objlen(L, 1), 1, PARTS_MAX);
  int fields = within(L, (int)lua_objlen(L, 2), 0, PARTS_MAX), refs = (int)lua_objlen(L, 3);
  program *p = lua_newuserdata(L, sizeof *p + (size_t)nodes * sizeof(node) + (size_t)fields * sizeof(field));
  *p = (program){.nodes = nodes, .fields = fields, .node = (node *)(p + 1)};
  p->field = (field *)(p->node + nodes);
  for (int i = 0; i < nodes; i++, lua_pop(L, 1)) {
    lua_rawgeti(L, 1, i + 1);
    take_node(L, p, &p->node[i], refs);
  }
  for (int i = 0; i < fields; i++, lua_pop(L, 1)) {
    lua_rawgeti(L, 2, i + 1);
    take_field(L, p, &p->field[i], refs);
  }
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, json_write, REFS);
  return 1;
}

void jsonwrite_register(lua_State *L) {
  static const luaL_Reg fns[] = {{"json_writer", json_writer}, {"json_encoder", json_encoder},
                                 {"json_quote", json_quote}, {NULL, NULL}};
  luaL_register(L, NULL, fns);
}
