/* SPDX-License-Identifier: MIT
 * confpack.h -- settings for Lua, and secrets, which never leave C (host_conf, host_secret_* in Lua). */
#ifndef HUMAN_CONFPACK_H
#define HUMAN_CONFPACK_H
#include <stddef.h>

#include "core/buf.h"

int confpack_all(buf *b); /* nested, without secrets */
/* Values stay valid until the next of these calls. */
enum { CONFPACK_NAME = 128 }; /* bytes of a secret's name, with its NUL */
const char *confpack_secret(const char *name);      /* NULL when not configured */
const char *confpack_for_scripts(const char *name); /* the same, without the host's own */

const char *confpack_sealed(const char *name);      /* one stored in the home (secretstore.h) */

/* The pass of this host (server/instance.h); scripts may compare with it as the secret "host-pass". */
void confpack_pass(const char *pass);

/* Secrets of an operator's own scripts come from HUMAN_SECRET_NAME.  Writes that variable for a
 * name of letters, digits and _; -1 for any other name. */
enum { CONFPACK_VARIABLE = 80 };
int confpack_variable(const char *name, char *out, size_t n);
#endif
