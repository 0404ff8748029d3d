/* SPDX-License-Identifier: MIT
 * portowner.h -- is a TCP port free, and if not, who has it? */
#ifndef HUMAN_PORTOWNER_H
#define HUMAN_PORTOWNER_H
#include <stddef.h>

/* arg: "ADDRESS PORT".  0 when it can be listened on; -1 with the reason in `out`, and the process that
 * has it as far as we may see: "Address already in use by nginx (process 812)". */
int portowner_ask(const char *arg, char *out, size_t n);
#endif
