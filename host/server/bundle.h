/* SPDX-License-Identifier: MIT
 * bundle.h -- a generation of scripts, and of the settings that are theirs, as one sealed file in
 * memory: what every worker sees, whatever happens to the files on disk meanwhile.  Its descriptor can be
 * handed to another process, which maps the same pages and can neither write them nor be shown others. */
#ifndef HUMAN_BUNDLE_H
#define HUMAN_BUNDLE_H
#include <stddef.h>

/* Read the directories of the setting `scripts`, first one wins a path.  Returns the generation
 * (1 for the first), or -1 and "path: reason".  Generations stay readable until bundle_drop(). */
int bundle_load(char *why, size_t n);
void bundle_drop(int generation);

/* The scripts of another generation with the settings that the file has now: another generation. */
int bundle_again(int generation, char *why, size_t n);

/* What the settings file said of settings that are the scripts' (core/confextra.h); NULL: no such bundle. */
const char *bundle_settings(int generation, size_t *n);

/* The descriptor of a bundle that this process loaded; it stays the bundle's.  -1: no such bundle,
 * or this process did not load it. */
int bundle_fd(int generation);

/* Take over `fd` as a bundle of that number; it is closed in every case.  0, or -1 when it is not
 * sealed, is not a bundle or contradicts itself.  A generation that is there already stays. */
int bundle_attach(int generation, int fd);

/* Twelve hex digits over the paths and bytes of its files; "" for an unknown generation. */
const char *bundle_hash(int generation);
#endif
