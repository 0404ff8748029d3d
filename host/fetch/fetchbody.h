/* SPDX-License-Identifier: MIT
 * fetchbody.h -- the body of an outbound request that is
 * not one text: texts and files, one after another. */
#ifndef HUMAN_FETCHBODY_H
#define HUMAN_FETCHBODY_H
#include <stddef.h>
#include <stdint.h>

#include "core/pack.h"

enum { FETCHBODY_FILES = 16 };                 /* all are open while it is sent */
enum { FETCHBODY_WAIT = -1, FETCHBODY_LOST = -2 };

typedef struct fetchbody fetchbody;

/* Reads {"text", {directory, name, its name in messages}, ..} with at most text_max bytes of text.
 * 0, HOST_EINVAL, HOST_ELIMIT or HOST_EFULL. */
int fetchbody_read(fetchbody **out, pack_reader *r, const pack_value *list, size_t text_max);

/* Opens the files.  Calls ready(arg, e) from the loop: e is 0, HOST_EGONE (fetchbody_why() names
 * the file and the reason) or HOST_EFULL. */
typedef void fetchbody_ready(void *arg, int e);
int fetchbody_open(fetchbody *b, fetchbody_ready *ready, void *arg);
uint64_t fetchbody_size(const fetchbody *b); /* once it is open */

/* Copies the next bytes and returns their number; 0 at the end; FETCHBODY_WAIT: a thread is reading
 * and will call ready(); FETCHBODY_LOST: a file has changed meanwhile, or cannot be read. */
long fetchbody_next(fetchbody *b, char *to, size_t n);
void fetchbody_rewind(fetchbody *b); /* start over */

const char *fetchbody_why(const fetchbody *b); /* "": nothing is wrong */
void fetchbody_free(fetchbody *b);   /* ready() will not be called */
#endif
