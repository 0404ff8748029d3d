/* SPDX-License-Identifier: MIT
 * http1body.h -- shared by http1.c and http1body.c only: the states, and feeding the body. */
#ifndef HUMAN_HTTP1BODY_H
#define HUMAN_HTTP1BODY_H
#include "http/http1.h"

enum { HTTP1BODY_IN_HEAD, HTTP1BODY_START };
bool http1body_complete(const http1 *h);
int http1body_feed(http1 *h, const char *p, size_t n, size_t *used);
#endif
