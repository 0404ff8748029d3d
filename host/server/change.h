/* SPDX-License-Identifier: MIT
 * change.h -- a change of the settings file that a worker requests (config.set).  Only the supervisor
 * writes the file: after the checker and all workers have accepted it, and before any of them applies it. */
#ifndef HUMAN_CHANGE_H
#define HUMAN_CHANGE_H
#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/link.h"

/* Owns fd, the request.  0, with the settings that need a
 * restart in `restart`; -1: failed, and the answer was sent. */
int change_begin(int worker, const link_message *asked, int fd, buf *restart);
bool change_pending(void);

/* Replaces the file and keeps the previous one beside it
 * (.bak).  0; or -1 and why, with nothing changed. */
int change_write(char *why, size_t n);
void change_end(bool ok, const char *text); /* answers the worker that asked */
void change_refuse(int worker, const link_message *asked, int fd, const char *code); /* not now */
#endif
