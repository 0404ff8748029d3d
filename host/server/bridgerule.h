/* SPDX-License-Identifier: MIT
 * bridgerule.h -- limits the cost of a rule: instructions (counted by a hook), charges by library functions,
 * memory, and time.  Only bridge.c includes this. */
#ifndef HUMAN_BRIDGERULE_H
#define HUMAN_BRIDGERULE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds rule_call and its siblings to the table on top of the stack. */
void bridgerule_register(lua_State *L);

/* Called for each allocation; false: a rule is running, and it is refused. */
bool bridgerule_may_have(size_t more);

/* Restores the hook of the running rule, if there is one. */
void bridgerule_hook(lua_State *L);

/* "path:line" of the thread's innermost script, which may have called runtime modules; false: there
 * is none (it tail-called them).  Allocates nothing. */
bool bridgerule_place(lua_State *L, char *to, size_t n);

#endif
