/* SPDX-License-Identifier: MIT
 * change.h -- a change of the settings file that a worker asks for (config.set).  The supervisor alone
 * writes it: after the checker and all workers have accepted what it says, and before anybody acts on it. */
#ifndef HUMAN_CHANGE_H
#define HUMAN_CHANGE_H
#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/link.h"

/* Takes over fd, the request.  0: `restart` names settings that a restart would change; -1: the answer has
 * been sent. */
int change_begin(int worker, const link_message *asked, int fd, buf *restart);
bool change_pending(void);

/* Puts the file in its place, with the one before beside it (.bak).  0; -1 and why: nothing has changed. */
int change_write(char *why, size_t n);
void change_end(bool ok, const char *text); /* the worker that asked is told */
void change_refuse(int worker, const link_message *asked, int fd, const char *code); /* not now */
#endif
