/* SPDX-License-Identifier: MIT
 * precond.h -- accepted codings, preconditions and ranges of a request (RFC 9110, sections 12.5.3, 13
 * and 14). */
#ifndef HUMAN_PRECOND_H
#define HUMAN_PRECOND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "http/http1.h"

enum { PRECOND_IDENTITY, PRECOND_GZIP, PRECOND_BROTLI, PRECOND_CODINGS };

/* Of the codings available (bits 1 << PRECOND_..), the one that the client prefers. */
int precond_coding(const http1 *h, unsigned there);

typedef struct {
  const char *etag;   /* quoted, with W/ when weak */
  time_t modified;    /* 0: unknown */
  uint64_t size;
} precond_target;

/* The status of the answer: 200; 206, with the requested
 * bytes in `from` and `n`; 304, 412 or 416. */
int precond_status(const http1 *h, const precond_target *t, uint64_t *from, uint64_t *n);

size_t precond_date(time_t t, char out[32]); /* formats an HTTP date; returns its length */
#endif
