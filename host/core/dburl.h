/* SPDX-License-Identifier: MIT
 * dburl.h -- checks a database URL without connecting:
 * could it work, and if not, which part is wrong? */
#ifndef HUMAN_DBURL_H
#define HUMAN_DBURL_H
#include <stddef.h>

/* 0, or -1 and which part is wrong.  Must never quote text that may be part of a password. */
int dburl_check(const char *url, char *why, size_t n);
#endif
