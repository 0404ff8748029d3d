/* SPDX-License-Identifier: MIT
 * native.c -- see native.h.  busted's own parser reads the arguments (host/lua/cli/test_words.lua), in a
 * separate Lua state that ends here.  Owns nothing.  Must never: be opened in a worker that serves, since
 * these functions block. */
#include "cli/native.h"

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/facts.h"
#include "cli/held.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "core/conf.h"
#include "core/confpack.h"
#include "core/newfile.h"
#include "server/control.h"
#include "server/embed.h"
#include "server/tree.h"

enum { ANSWER_MAX = 256 * 1024 };

/* ---- more of human.native ---- */

/* native.control(request) -> text, exit status (-1: no server answers);
 * native.fact(kind, arg) -> text | nil, why; native.terminal() -> rows of the
 * screen, can it read keys; native.key() -> byte, or 0 if none was pressed. */
static int native_control(lua_State *L) {
  char *out = lua_newuserdata(L, ANSWER_MAX);
  int status = control_get(luaL_checkstring(L, 1), out, ANSWER_MAX);
  lua_pushstring(L, out);
  lua_pushinteger(L, status);
  return 2;
}

static int native_fact(lua_State *L) {
  char out[8192];
  int failed = facts_ask(luaL_checkstring(L, 1), luaL_optstring(L, 2, ""), out, sizeof out);
  if (failed) lua_pushnil(L);
  lua_pushstring(L, out);
  return failed ? 2 : 1;
}

static int native_help(lua_State *L) {
  const char *text = "";
  size_t n = help_find(luaL_checkstring(L, 1), &text);
  lua_pushlstring(L, text, n);
  return 1;
}

/* native.line(prompt) -> a line of the terminal, or nil and "end" or "interrupted". */
static int native_line(lua_State *L) {
  char out[4096];
  ssize_t n = terminal_line(luaL_checkstring(L, 1), false, out, sizeof out);
  if (n <= 0) {
    lua_pushnil(L);
    lua_pushstring(L, n < 0 && errno == EINTR ? "interrupted" : "end");
    return 2;
  }
  while (n && (out[n - 1] == '\n' || out[n - 1] == '\r')) n--;
  lua_pushlstring(L, out, (size_t)n);
  return 1;
}

/* native.held(what, name, from) -> true, or nil and why ("interrupted"): held.h. */
static int native_held(lua_State *L) {
  char why[1024] = "cannot be used";
  const char *what = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2), *from = luaL_optstring(L, 3, "");
  int done = !strcmp(what, "take") ? held_take(name, from, why, sizeof why)
             : !strcmp(what, "try") ? held_try(name)
             : !strcmp(what, "keep") ? held_keep(name, why, sizeof why)
                                     : held_remove(name, why, sizeof why);
  if (!done) return lua_pushboolean(L, 1), 1;
  lua_pushnil(L);
  lua_pushstring(L, !strcmp(what, "take") && done == HELD_INTERRUPTED ? "interrupted" : why);
  return 2;
}

/* native.commands() -> a line "name<tab>what it does" for each. */
static int native_commands(lua_State *L) {
  const char *about, *name;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; (name = help_command(i, &about)) != NULL; i++) {
    luaL_addstring(&b, name);
    luaL_addstring(&b, "\t");
    luaL_addstring(&b, about);
    luaL_addstring(&b, "\n");
  }
  luaL_pushresult(&b);
  return 1;
}

static int native_terminal(lua_State *L) {
  lua_pushinteger(L, terminal_rows());
  lua_pushboolean(L, terminal_begin());
  return 2;
}

static int native_key(lua_State *L) {
  lua_pushinteger(L, terminal_key());
  return 1;
}

/* native.overridable(path): may another directory override this script? */
static int native_overridable(lua_State *L) {
  lua_pushboolean(L, tree_overridable(luaL_checkstring(L, 1)));
  return 1;
}

/* native.write_new(dir, path, text) -> true, or nil and "path: reason" (newfile.h). */
static int native_write_new(lua_State *L) {
  char why[1024];
  size_t n;
  const char *dir = luaL_checkstring(L, 1), *path = luaL_checkstring(L, 2);
  const char *text = luaL_checklstring(L, 3, &n);
  if (newfile_write(dir, path, text, n, why, sizeof why)) {
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

/* native.database(): connects a sub-command that started without one: to the server's or, for an
 * operator's specs, to a private one.  Blocks. */
static int native_database(lua_State *L) {
  lua_pushboolean(L, !command_database());
  return 1;
}

/* native.set_secret(name, value): sets a secret of an operator's scripts, for a spec. */
static int native_set_secret(lua_State *L) {
  char name[CONFPACK_VARIABLE];
  if (confpack_variable(luaL_checkstring(L, 1), name, sizeof name))
    return luaL_argerror(L, 1, "a secret's name is letters, digits and _");
  lua_pushboolean(L, !setenv(name, luaL_checkstring(L, 2), 1));
  return 1;
}

/* native.print_settings(): prints the host's own. */
static int native_print_settings(lua_State *L) {
  (void)L;
  conf_print();
  return 0;
}

void native_register(lua_State *L) {
  static const luaL_Reg fns[] = {
      {"control", native_control}, {"fact", native_fact}, {"help", native_help},
      {"commands", native_commands}, {"line", native_line}, {"held", native_held},
      {"terminal", native_terminal}, {"key", native_key}, {"overridable", native_overridable},
      {"write_new", native_write_new}, {"database", native_database},
      {"set_secret", native_set_secret}, {"print_settings", native_print_settings}, {NULL, NULL}};
  luaL_register(L, NULL, fns);
}

/* ---- the arguments of `human test` ---- */

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

int native_test_words(int argc, char **argv, char *path, size_t n) {
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
