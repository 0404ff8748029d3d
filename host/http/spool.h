/* SPDX-License-Identifier: MIT
 * spool.h -- the files of uploads, in home/spool, each with its size and SHA-256.
 *
 * All functions but spool_init(), spool_dir() and spool_new() block on the disk: they run in
 * libuv's threads, one at a time per file, and touch nothing but that file. */
#ifndef HUMAN_SPOOL_H
#define HUMAN_SPOOL_H
#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPOOL_SHA256 = 32 };

typedef struct {
  int fd;               /* -1: not opened yet.  Locked while its process lives. */
  uint64_t size;
  EVP_MD_CTX *digest;
  unsigned char sha256[SPOOL_SHA256];
  bool moved;           /* it has its final place: do not remove it */
  char path[PATH_MAX];
} spool_file;

void spool_init(void);          /* sets the path; creates nothing */
const char *spool_dir(void);
spool_file *spool_new(void);    /* NULL: no memory */
int spool_write(spool_file *f, const void *p, size_t n, uint64_t keep_free); /* 0, or an errno */
int spool_finish(spool_file *f); /* makes digest, and the file if no bytes came; 0, or an errno */
/* Moves it to `to` below `dir`: creates missing directories, follows no link, replaces nothing.
 * 0, or an errno. */
int spool_move(spool_file *f, const char *dir, const char *to);
void spool_drop(spool_file *f); /* removes the file unless it was moved; frees f */
int spool_clean(void);          /* removes files without an owner; returns how many */
#endif
