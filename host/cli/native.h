/* SPDX-License-Identifier: MIT
 * native.h -- C functions for commands in Lua: additions to the module human.native, and the arguments of
 * `human test`, read before there is a runtime to run specs in. */
#ifndef HUMAN_NATIVE_H
#define HUMAN_NATIVE_H
#include <stddef.h>

struct lua_State;

/* Adds the functions of commands to the table on top of the stack; these may block. */
void native_register(struct lua_State *L);

/* The first file or folder of specs that the words of `human test` name goes to `path`, which may stay empty.
 * -1: go on; else the exit status: all was said (--help, --version, a mistake). */
int native_test_words(int argc, char **argv, char *path, size_t n);
#endif
