/* SPDX-License-Identifier: MIT
 * code.h -- the bytecode of the scripts that the binary was built with (build/code.c, made by
 * host/server/code_gen.lua), which spares a process the compiler for those that nobody has edited. */
#ifndef HUMAN_CODE_H
#define HUMAN_CODE_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *path;          /* in the tree of scripts */
  unsigned char sha256[32];  /* of the text that it was made from */
  uint32_t from, n;          /* of code_bytes */
} code_file;
extern const code_file code_files[]; /* sorted by path */
extern const size_t code_count;
extern const char code_bytes[];
#endif
