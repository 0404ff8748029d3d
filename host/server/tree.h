/* SPDX-License-Identifier: MIT
 * tree.h -- reads all script files of the search path from disk, including those that an earlier
 * directory overrides. */
#ifndef HUMAN_TREE_H
#define HUMAN_TREE_H
#include <stdbool.h>
#include <stddef.h>

enum { TREE_ROOTS_MAX = 8, TREE_FILES_MAX = 8192, TREE_BYTES_MAX = 64 * 1024 * 1024 };

typedef struct {
  char *path; /* relative to its root */
  char *bytes;
  size_t n;
  unsigned root; /* 0: the first of the search path, which wins */
} tree_file;

typedef struct {
  char *root[TREE_ROOTS_MAX]; /* resolved; the last one has the shipped scripts */
  unsigned roots;
  tree_file *files; /* sorted by path, then by root */
  size_t count, cap, total;
} tree;

/* Reads the directories of the setting `scripts` into an empty tree.  0, or -1 and "path: reason".
 * Free the tree either way. */
int tree_read(tree *t, char *why, size_t n);
void tree_free(tree *t);

/* May a directory before the shipped one have this path (setting `overrides`)? */
bool tree_overridable(const char *path);

/* The scripts are a draft that no server runs, so do not check their owner. */
void tree_is_draft(void);
#endif
