/* SPDX-License-Identifier: MIT
 * fuzz_json.c -- arbitrary texts for the reader of JSON.  What it takes, lua-cjson takes as well; a string that it has
 * read is the same after it was written and read once more; the stack is as it was. */
#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>

#include "server/jsonread.h"
#include "server/jsonwrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int luaopen_cjson(lua_State *L);

enum { READ = 1, DECODE, QUOTE, ROUNDS = 10000 };

static lua_State *L;

static void close_state(void) {
  lua_close(L);
}

/* The three functions, from the bottom of the stack on. */
static void new_state(void) {
  L = luaL_newstate();
  if (!L) abort();
  lua_settop(L, 0);
  lua_newtable(L);
  jsonread_register(L);
  jsonwrite_register(L);
  lua_getfield(L, 1, "json_reader");
  lua_newtable(L);
  lua_call(L, 1, 1);
  lua_pushcfunction(L, luaopen_cjson);
  lua_call(L, 0, 1);
  lua_getfield(L, -1, "decode");
  lua_remove(L, -2);
  lua_getfield(L, 1, "json_quote");
  lua_remove(L, 1);
}

/* The string on top, written and read. */
static void check_text(void) {
  lua_pushvalue(L, READ);
  lua_pushvalue(L, QUOTE);
  lua_pushvalue(L, -3);
  lua_call(L, 1, 1);
  lua_call(L, 1, 1);
  if (!lua_rawequal(L, -1, -2)) abort();
  lua_pop(L, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static int rounds;
  if (!rounds) atexit(close_state); /* what Lua allocates, the leak checker does not see */
  if (rounds++ % ROUNDS == 0) {
    if (L) close_state();
    new_state();
  }
  lua_pushvalue(L, READ);
  lua_pushlstring(L, (const char *)data, n);
  lua_call(L, 1, 1);
  if (lua_type(L, -1) == LUA_TSTRING) check_text();
  if (!lua_isnil(L, -1)) {
    lua_pushvalue(L, DECODE);
    lua_pushlstring(L, (const char *)data, n);
    if (lua_pcall(L, 1, 1, 0)) abort();
  }
  lua_settop(L, QUOTE);
  return 0;
}
