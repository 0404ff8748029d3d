/* SPDX-License-Identifier: MIT
 * jsonwrite.h -- Lua values as JSON text.  Only bridge.c includes this. */
#ifndef HUMAN_JSONWRITE_H
#define HUMAN_JSONWRITE_H
#include <lua.h>

/* Adds json_writer, json_encoder and json_quote to the table on top of the stack. */
void jsonwrite_register(lua_State *L);

#endif
