/* SPDX-License-Identifier: MIT
 * transfer.h -- sends a body that is too long to queue at once, from memory or from a file. */
#ifndef HUMAN_TRANSFER_H
#define HUMAN_TRANSFER_H
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "http/request.h"

enum { TRANSFER_PIECE = 65536 };

typedef struct {
  const char *p;           /* static memory; NULL: a file */
  int fd;                  /* owned by the transfer */
  uint64_t from, n;        /* the range to send */
  struct timespec changed; /* the file's time and size when it was opened */
  uint64_t size;
} transfer_source;

/* The head is queued: sends the body after it, then continues with the next request. */
void transfer_begin(request *r, const transfer_source *source, bool keep);
void transfer_go_on(transfer *t); /* everything is written */
void transfer_lost(transfer *t);  /* the client is gone; ends the request */
int transfer_count(void);         /* in progress */
#endif
