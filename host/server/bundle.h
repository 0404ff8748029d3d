/* SPDX-License-Identifier: MIT
 * bundle.h -- a generation of scripts and their settings as one sealed file in memory: all workers
 * see the same one, whatever happens to the files on disk.  A process that receives its descriptor
 * maps the same pages; nobody can write them. */
#ifndef HUMAN_BUNDLE_H
#define HUMAN_BUNDLE_H
#include <stddef.h>

/* Reads the directories of the setting `scripts`; the first one with a path wins.  Returns the generation
 * (1 for the first), or -1 and "path: reason".  Generations stay readable until bundle_drop(). */
int bundle_load(char *why, size_t n);
void bundle_drop(int generation);

/* Makes a new generation with the scripts of another one and the file's current settings. */
int bundle_again(int generation, char *why, size_t n);

/* The scripts' settings from the settings file (core/confextra.h); NULL: no such bundle. */
const char *bundle_settings(int generation, size_t *n);

/* The descriptor of a bundle that this process loaded, which the bundle owns.  -1: no such bundle,
 * or this process did not load it. */
int bundle_fd(int generation);

/* Attaches `fd` as the bundle of that generation; always closes it.  0, or -1 if it is not sealed,
 * not a bundle, or inconsistent.  Does nothing if the generation exists. */
int bundle_attach(int generation, int fd);

/* Copies "NAME:LINE"; a name that was shortened for Lua ("~2...ts/api/a.lua", as
 * host/lua/scripts/provenance.lua has it) is written out.  Allocates nothing. */
void bundle_explain(const char *place, char *to, size_t n);

/* Twelve hex digits over the paths and bytes of its files; "" for an unknown generation. */
const char *bundle_hash(int generation);
#endif
