/* SPDX-License-Identifier: MIT
 * pass.h -- passes a connection with its unanswered request to another worker. */
#ifndef HUMAN_PASS_H
#define HUMAN_PASS_H
#include "core/buf.h"
#include "net/conn.h"

/* How it gets there: the other worker gets a copy of `fd` and `head`, and calls pass_adopt(). */
void pass_init(int (*send)(int worker, int fd, const void *head, size_t n));

/* In this order: pass_begin() starts `b` (free it in any case); the caller appends the request
 * as it was received; pass_send().  Each returns 0, or an error: then nothing has changed. */
int pass_begin(const conn *c, buf *b);
int pass_send(conn *c, int worker, buf *b);
void pass_leave(conn *c); /* it was sent: this worker is done with it */

/* Adopts a connection from another worker; owns fd; the bytes are borrowed. */
void pass_adopt(int fd, const void *bytes, size_t n);
#endif
