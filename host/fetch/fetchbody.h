/* SPDX-License-Identifier: MIT
 * fetchbody.h -- what an outbound request sends where that is not one text: texts and files, one after another. */
#ifndef HUMAN_FETCHBODY_H
#define HUMAN_FETCHBODY_H
#include <stddef.h>
#include <stdint.h>

#include "core/pack.h"

enum { FETCHBODY_FILES = 16 };                 /* all are open while it is sent */
enum { FETCHBODY_WAIT = -1, FETCHBODY_LOST = -2 };

typedef struct fetchbody fetchbody;

/* {"text", {directory, name, what it is called in messages}, ..} with at most text_max bytes of text.  0,
 * HOST_EINVAL, HOST_ELIMIT or HOST_EFULL. */
int fetchbody_read(fetchbody **out, pack_reader *r, const pack_value *list, size_t text_max);

/* Opens the files.  Calls ready(arg, e) from the loop: e is 0, HOST_EGONE (fetchbody_why() says what is wrong with
 * which file) or HOST_EFULL. */
typedef void fetchbody_ready(void *arg, int e);
int fetchbody_open(fetchbody *b, fetchbody_ready *ready, void *arg);
uint64_t fetchbody_size(const fetchbody *b); /* once it is open */

/* The next bytes: how many; 0 at the end; FETCHBODY_WAIT: a thread reads, ready() is called when it has; or
 * FETCHBODY_LOST: a file has changed meanwhile, or cannot be read. */
long fetchbody_next(fetchbody *b, char *to, size_t n);
void fetchbody_rewind(fetchbody *b); /* begin again */

const char *fetchbody_why(const fetchbody *b); /* "": nothing is wrong */
void fetchbody_free(fetchbody *b);   /* ready() is not called any more */
#endif
