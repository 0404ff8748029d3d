/* SPDX-License-Identifier: MIT
 * embed.h -- files compiled into the binary (build/embed_data.c, made by host/server/embed_gen.lua). */
#ifndef HUMAN_EMBED_H
#define HUMAN_EMBED_H
#include <stddef.h>

/* Names: "human.core.sched" (host/lua), "jsonrpc", "jsonrpc.batch" (rocks) as Lua bytecode, and
 * "host_api.h" as text.  1 and the bytes (static, followed by a NUL), or 0. */
int embed_find(const char *name, const char **p, size_t *n);

typedef struct { const char *name; const unsigned char *p; size_t n; } embed_file;
extern const embed_file embed_files[]; /* sorted by name */
extern const size_t embed_count;
#endif
