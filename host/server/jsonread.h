/* SPDX-License-Identifier: MIT
 * jsonread.h -- JSON text to Lua values in one pass.  Only bridge.c includes this. */
#ifndef HUMAN_JSONREAD_H
#define HUMAN_JSONREAD_H
#include <lua.h>

/* Adds json_reader to the table on top of the stack. */
void jsonread_register(lua_State *L);

#endif
