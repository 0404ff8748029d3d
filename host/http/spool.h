/* SPDX-License-Identifier: MIT
 * spool.h -- the files of uploads, in home/spool, each with its size and SHA-256.
 *
 * All functions but spool_init(), spool_dir() and spool_new() wait for the disk: they run in libuv's threads,
 * one at a time per file, and touch nothing but that file. */
#ifndef HUMAN_SPOOL_H
#define HUMAN_SPOOL_H
#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPOOL_SHA256 = 32 };

typedef struct {
  int fd;               /* -1: not opened yet.  Locked: a process that ended has left what is not. */
  uint64_t size;
  EVP_MD_CTX *digest;
  unsigned char sha256[SPOOL_SHA256];
  bool moved;           /* it has a name elsewhere, and stays */
  char path[PATH_MAX];
} spool_file;

void spool_init(void);          /* where it is; makes nothing */
const char *spool_dir(void);
spool_file *spool_new(void);    /* NULL: no memory */
int spool_write(spool_file *f, const void *p, size_t n, uint64_t keep_free); /* 0, or an errno */
int spool_finish(spool_file *f); /* its digest, and an empty file where nothing came; 0, or an errno */
/* Into `dir`, below which `to` is: folders on the way are made, no link is followed, nothing is replaced.
 * 0, or an errno. */
int spool_move(spool_file *f, const char *dir, const char *to);
void spool_drop(spool_file *f); /* the file goes unless it was moved; frees f */
int spool_clean(void);          /* removes what nobody holds any more; how many files went */
#endif
