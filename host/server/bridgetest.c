/* SPDX-License-Identifier: MIT
 * bridgetest.c -- see bridgetest.h.  busted's own command line reads them (host/lua/cli/test_words.lua), in a
 * Lua state of its own that ends here.  Owns nothing. */
#include "server/bridgetest.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "server/embed.h"

static int load_words(lua_State *L) {
  const char *code, *name = "human.cli.test_words";
  size_t n;
  if (!embed_find(name, &code, &n)) return luaL_error(L, "%s is not compiled in", name);
  if (luaL_loadbuffer(L, code, n, name)) return lua_error(L);
  return 1;
}

/* read(words) -> exit status or nil, path or text. */
static int ask(lua_State *L, int argc, char **argv) {
  lua_pushcfunction(L, load_words);
  if (lua_pcall(L, 0, 1, 0)) return -1; /* the chunk .. */
  if (lua_pcall(L, 0, 1, 0)) return -1; /* .. and what it returns */
  lua_getfield(L, -1, "read");
  lua_newtable(L);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return lua_pcall(L, 1, 2, 0) ? -1 : 0;
}

static int end(int status, const char *text) {
  const char *ours = "";
  size_t n = strncmp(text, "Usage:", 6) ? 0 : help_find("test", &ours);
  fprintf(status ? stderr : stdout, "%.*s%s%s\n", (int)n, ours, n ? "\n" : "", text);
  return status;
}

int bridgetest_read(int argc, char **argv, char *path, size_t n) {
  int status = 1;
  path[0] = 0;
  lua_State *L = luaL_newstate();
  if (!L) return end(1, "human test: no memory");
  luaL_openlibs(L);
  if (ask(L, argc, argv)) {
    const char *why = lua_tostring(L, -1);
    end(1, why ? why : "human test: the words cannot be read");
  } else if (lua_isnil(L, -2)) {
    snprintf(path, n, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
    status = -1;
  } else {
    status = (int)lua_tointeger(L, -2);
    end(status, lua_tostring(L, -1));
  }
  lua_close(L);
  return status;
}
