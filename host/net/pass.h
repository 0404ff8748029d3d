/* SPDX-License-Identifier: MIT
 * pass.h -- passes a connection with its unanswered request to another worker. */
#ifndef HUMAN_PASS_H
#define HUMAN_PASS_H
#include "core/buf.h"
#include "net/conn.h"

/* The transport: gives the other worker a copy of `fd` and
 * `head`, with which it calls pass_adopt(). */
void pass_init(int (*send)(int worker, int fd, const void *head, size_t n));

/* Call pass_begin(), which starts `b` (always free it); append the request as it was received; call
 * pass_send().  Each returns 0, or an error, which leaves everything unchanged. */
int pass_begin(const conn *c, buf *b);
int pass_send(conn *c, int worker, buf *b);
void pass_leave(conn *c); /* after pass_send(): this worker gives it up */

/* Adopts a connection from another worker; owns fd; the bytes are borrowed. */
void pass_adopt(int fd, const void *bytes, size_t n);
#endif
