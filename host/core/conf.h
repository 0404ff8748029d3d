/* SPDX-License-Identifier: MIT
 * conf.h -- settings: defaults, then /etc or ~ or $HUMAN_CONFIG, then the files in
 * $CREDENTIALS_DIRECTORY (systemd), then the environment, then flags.
 * Read once by the supervisor before it forks; read-only afterwards.  Secrets are kept apart and are
 * never packed for Lua. */
#ifndef HUMAN_CONF_H
#define HUMAN_CONF_H
#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

/* Loads everything.  On an unknown or malformed setting prints "file:line: name: what" on stderr
 * and returns -1.  `flags`: {"port", "3000", ..., NULL} from the command line, strongest. */
int conf_load(const char *const *flags);

/* A setting by its dotted name ("database.pool").  Asking for a name that does not exist aborts. */
const char *conf_str(const char *name); /* "" when unset */
double conf_num(const char *name);
bool conf_bool(const char *name);
int conf_set(const char *name, const char *value); /* 0, or -1 and a message on stderr */

/* Reads the settings file again (conffile_again), or `text` in its place; errors go to `why`. */
int conf_again(const buf *text, buf *restart, char *why, size_t n);

void conf_print(void);                        /* all settings, their values and where each came from */
const char *conf_user_home(void);
bool conf_checkout(char *out, size_t n);   /* the tree that this binary was built in and runs from */
bool conf_in_checkout(void);               /* this binary runs from the tree it was built in */
const char *conf_source(const char *name); /* where its value came from */
bool conf_is_shared(const char *name);    /* a default, or from the system's settings file */
#endif
