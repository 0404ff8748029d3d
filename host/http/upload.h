/* SPDX-License-Identifier: MIT
 * upload.h -- writes a request's body to disk as it arrives: a whole file, or a form with files in it.
 *
 * Lua has seen the request's head and started this (host_upload); serve.c feeds the bytes.  The
 * amount read ahead of the disk is bounded: reading pauses while the disk is slow. */
#ifndef HUMAN_UPLOAD_H
#define HUMAN_UPLOAD_H
#include <stdbool.h>
#include <stddef.h>

#include "net/conn.h"

typedef struct upload upload;

bool upload_wants(const request *r);    /* can it take bytes now? */
bool upload_is_read(const request *r);  /* the whole body has arrived */
size_t upload_feed(request *r, const char *p, size_t n); /* returns the bytes consumed */
void upload_lost(request *r);           /* its client is gone */
bool upload_late(request *r);           /* its deadline has passed.  False: the disk is late */
void upload_forget(upload *u);          /* its request has ended: removes files not moved */

/* ---- for worker.c ---- */
void upload_init(void); /* removes files that an earlier process left */
#endif
