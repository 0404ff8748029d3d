/* SPDX-License-Identifier: MIT
 * fetchheader.h -- header lines of an outbound request: checked, and wiped where they were made. */
#ifndef HUMAN_FETCHHEADER_H
#define HUMAN_FETCHHEADER_H
#include "fetch/fetchspec.h"

bool fetchheader_is_token(const char *p, size_t n);                   /* RFC 9110, 5.6.2 */
bool fetchheader_is_named(const char *p, size_t n, const char *name); /* in any case */
bool fetchheader_is_clean(const char *p, size_t n);                   /* no line break, no NUL */

/* Begins "Name: ", to which the caller adds the value.  Then end() takes e, the caller's own result, and adds
 * the line unless that is an error; it wipes and frees the buffer in any case. */
int fetchheader_begin(buf *line, const char *name, size_t n);
int fetchheader_end(fetchspec *s, buf *line, size_t n, int e);

int fetchheader_add(fetchspec *s, const char *line); /* as it is */
#endif
