/* SPDX-License-Identifier: MIT
 * native.h -- C functions for commands in Lua: additions to the module human.native, and the arguments of
 * `human test`, read before there is a runtime to run specs in. */
#ifndef HUMAN_NATIVE_H
#define HUMAN_NATIVE_H
#include <stddef.h>

struct lua_State;

/* Adds the functions of commands to the table on top of the stack; these may block. */
void native_register(struct lua_State *L);

/* Copies the first file or directory of specs in the arguments of
 * `human test` to `path`, or "".  -1: continue; else the exit status,
 * since everything is printed (--help, --version, a usage error). */
int native_test_words(int argc, char **argv, char *path, size_t n);
#endif
