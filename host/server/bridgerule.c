/* SPDX-License-Identifier: MIT
 * bridgerule.c -- see bridgerule.h: the budget of a rule's
 * call, and pattern matching charged to it.
 *
 * Owns the hook while a rule runs.  Called by Lua, with the Lua C API; must never be reached from a
 * host_* function. */
#include "server/bridgerule.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/sanitized.h"
#include "host_api.h"

enum { PLACE_BYTES = LUA_IDSIZE + 40 };

/* Limits of a rule's call besides its instructions: memory, garbage included; the largest single
 * allocation after that; time, of which the instructions alone need about a fiftieth. */
enum { RULE_TICK = 500, RULE_BYTES = 16 << 20, RULE_PIECE = 1 << 20,
       RULE_STEPS = 4, RULE_FREE_STEPS = 4000000 }; /* of host_match(): per instruction; at load */
static const double RULE_S = SANITIZED ? 2 : 0.1;

static struct {
  lua_State *L;                 /* NULL: no rule is running */
  double left, until;           /* instructions, seconds of processor_time() */
  size_t allocated;
  char where[2 * PLACE_BYTES];  /* where it exceeded the memory limit */
} rule;

/* Does a frame run a script, not a compiled-in module? */
static bool is_script(const lua_Debug *ar) {
  static const char *const ours[] = {"@host/lua/", "@rocks/"};
  if (*ar->source != '@' || ar->currentline <= 0) return false;
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (!strncmp(ar->source, ours[i], strlen(ours[i]))) return false;
  return true;
}

/* ---- a rule's budget
 * --------------------------------------------------------------------------- A hook counts
 * interpreted instructions, so rules run with the JIT off and cannot yield; it is global to
 * the VM.  Wrappers charge for the work that library functions do in C (native.rule_charge).
 * Limits on memory and on processor time bound the rest, such as concatenating long texts. */

bool bridgerule_place(lua_State *L, char *to, size_t n) {
  lua_Debug ar;
  bool in_lua = false; /* then the next C frame is rule_call() */
  *to = 0;
  for (int level = 0; lua_getstack(L, level, &ar) && lua_getinfo(L, "Sl", &ar); level++) {
    if (rule.L && in_lua && *ar.what == 'C') return false;
    in_lua = *ar.what != 'C';
    if (!is_script(&ar)) continue;
    snprintf(to, n, "%s:%d", ar.short_src, ar.currentline);
    return true;
  }
  return false;
}

static void rule_place(lua_State *L, char *to, size_t n) {
  char place[PLACE_BYTES];
  bool found_one = bridgerule_place(L, place, sizeof place);
  snprintf(to, n, "%s%srule_budget", place, found_one ? ": " : "");
}

static void rule_raise(lua_State *L) {
  char text[2 * PLACE_BYTES];
  lua_sethook(L, NULL, 0, 0);
  rule_place(L, text, sizeof text);
  lua_pushstring(L, text);
  lua_error(L);
}

static double processor_time(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void on_rule_spent(lua_State *L, lua_Debug *ar) {
  (void)ar;
  rule_raise(L);
}

static void on_rule_tick(lua_State *L, lua_Debug *ar) {
  (void)ar;
  rule.left -= RULE_TICK;
  if (rule.left <= 0 || processor_time() > rule.until) rule_raise(L);
  if (rule.left < RULE_TICK) lua_sethook(L, on_rule_tick, LUA_MASKCOUNT, 1 + (int)rule.left);
}

void bridgerule_hook(lua_State *L) {
  if (rule.L) lua_sethook(L, on_rule_tick, LUA_MASKCOUNT, RULE_TICK);
}

/* Counts a rule's allocation.  Over the limit the rule ends at its next instruction; only a large
 * allocation is refused (false). */
bool bridgerule_may_have(size_t more) {
  if (!rule.L) return true;
  rule.allocated += more;
  if (rule.allocated <= RULE_BYTES) return true;
  lua_sethook(rule.L, on_rule_spent, LUA_MASKCOUNT, 1);
  if (more <= RULE_PIECE) return true;
  rule_place(rule.L, rule.where, sizeof rule.where);
  return false;
}

/* native.rule_call(fn, instructions, ...) -> ok, results or error. */
static int rule_call(lua_State *L) {
  rule.left = (double)luaL_checkinteger(L, 2);
  lua_remove(L, 2);
  rule.allocated = 0;
  snprintf(rule.where, sizeof rule.where, "rule_budget");
  rule.until = processor_time() + RULE_S;
  rule.L = L;
  bridgerule_hook(L);
  int failed = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  lua_sethook(L, NULL, 0, 0);
  rule.L = NULL;
  if (failed == LUA_ERRMEM && rule.allocated > RULE_BYTES) {
    lua_pushstring(L, rule.where);
    lua_replace(L, -2);
  }
  lua_pushboolean(L, !failed);
  lua_insert(L, 1);
  return lua_gettop(L);
}

static void rule_spend(lua_State *L, double instructions) {
  if (!rule.L) return;
  rule.left -= instructions;
  if (!(rule.left > 0)) rule_raise(L);
}

/* native.rule_charge(instructions): charges for the work of a library function. */
static int rule_charge(lua_State *L) {
  rule_spend(L, luaL_checknumber(L, 1));
  return 0;
}

/* ---- patterns, for rules: an FFI call would cost fifty interpreted instructions ---- */

static host_found found;

/* Matches argument 1 against the pattern in argument 2, from byte `from` on. */
static bool rule_search(lua_State *L, host_str *text, int from, int mode) {
  size_t n;
  const char *p = luaL_checklstring(L, 2, &n);
  host_str pattern = {p, (uint32_t)n};
  double steps = found.steps = rule.L ? rule.left * RULE_STEPS : RULE_FREE_STEPS;
  int result = host_match(text, &pattern, from, mode, &found);
  rule_spend(L, 1 + (steps - found.steps) / RULE_STEPS);
  if (result == HOST_EINVAL) luaL_error(L, "%s", host_match_why(found.why));
  if (result < 0)
    luaL_error(L, "the pattern tries too many ways to match this text of %d bytes", (int)text->n);
  return result == 1;
}

static host_str rule_text(lua_State *L, int *from) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  lua_Number at = luaL_optnumber(L, 3, 1);
  at = at < 0 ? at + (double)n : at - 1;
  *from = !(at > 0) ? 0 : at > (double)n ? (int)n : (int)at;
  return (host_str){s, (uint32_t)n};
}

/* Pushes the captures, or with `whole` the match if there are none.  Returns their number. */
static int rule_captures(lua_State *L, const host_str *text, bool whole) {
  luaL_checkstack(L, HOST_CAPTURES, "too many captures");
  for (int i = 0; i < found.level; i++) {
    int at = found.capture[i].from, n = found.capture[i].n;
    if (n == HOST_CAPTURE_OPEN) luaL_error(L, "unfinished capture");
    if (n == HOST_CAPTURE_POSITION) lua_pushinteger(L, at + 1);
    else lua_pushlstring(L, text->p + at, (size_t)n);
  }
  if (found.level || !whole) return found.level;
  lua_pushlstring(L, text->p + found.from, (size_t)(found.to - found.from));
  return 1;
}

/* native.rule_find and native.rule_match: string.find and string.match. */
static int rule_find(lua_State *L) {
  int from;
  host_str text = rule_text(L, &from);
  if (!rule_search(L, &text, from, lua_toboolean(L, 4) ? HOST_MATCH_PLAIN : HOST_MATCH_FIND)) return 0;
  lua_settop(L, 2);
  lua_pushinteger(L, found.from + 1);
  lua_pushinteger(L, found.to);
  return 2 + rule_captures(L, &text, false);
}

static int rule_match(lua_State *L) {
  int from;
  host_str text = rule_text(L, &from);
  return rule_search(L, &text, from, HOST_MATCH_MATCH) ? rule_captures(L, &text, true) : 0;
}

static int rule_next_match(lua_State *L) {
  size_t n;
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, lua_upvalueindex(2));
  host_str text = {lua_tolstring(L, 1, &n), 0};
  text.n = (uint32_t)n;
  lua_Number from = lua_tonumber(L, lua_upvalueindex(3));
  if (from > (double)n || !rule_search(L, &text, (int)from, HOST_MATCH_NEXT)) return 0;
  lua_pushinteger(L, found.to + (found.to == found.from));
  lua_replace(L, lua_upvalueindex(3));
  return rule_captures(L, &text, true);
}

/* native.rule_gmatch: string.gmatch. */
static int rule_gmatch(lua_State *L) {
  luaL_checkstring(L, 1);
  luaL_checkstring(L, 2);
  lua_settop(L, 2);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, rule_next_match, 3);
  return 1;
}

/* native.rule_left() -> instructions left, nil outside of a rule's call. */
static int rule_left(lua_State *L) {
  if (rule.L) lua_pushnumber(L, rule.left);
  else lua_pushnil(L);
  return 1;
}

void bridgerule_register(lua_State *L) {
  static const luaL_Reg fns[] = {
      {"rule_call", rule_call}, {"rule_charge", rule_charge}, {"rule_left", rule_left},
      {"rule_find", rule_find}, {"rule_match", rule_match}, {"rule_gmatch", rule_gmatch}, {NULL, NULL}};
  luaL_register(L, NULL, fns);
}
