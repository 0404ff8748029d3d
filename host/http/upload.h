/* SPDX-License-Identifier: MIT
 * upload.h -- writes a request's body to disk as it arrives: a whole file, or a form with files in it.
 *
 * Lua has seen the request's head and has asked for this (host_upload); serve.c feeds the bytes.  The amount
 * read ahead of the disk is bounded: while the disk is slow, reading pauses. */
#ifndef HUMAN_UPLOAD_H
#define HUMAN_UPLOAD_H
#include <stdbool.h>
#include <stddef.h>

#include "net/conn.h"

typedef struct upload upload;

bool upload_wants(const request *r);    /* can it take bytes now? */
bool upload_is_read(const request *r);  /* the whole body has arrived */
size_t upload_feed(request *r, const char *p, size_t n); /* how many were taken */
void upload_lost(request *r);           /* its client is gone */
bool upload_late(request *r);           /* its time is over.  False: it is the disk that is late */
void upload_forget(upload *u);          /* its request has ended: what was not moved goes */

/* ---- for worker.c ---- */
void upload_init(void); /* removes what an earlier process left */
#endif
