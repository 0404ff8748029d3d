/* SPDX-License-Identifier: MIT
 * conffile.h -- the settings file: its path and its contents. */
#ifndef HUMAN_CONFFILE_H
#define HUMAN_CONFFILE_H
#include <stdbool.h>

#include "core/buf.h"

#define CONFFILE_SYSTEM "/etc/human/human.json"
enum { CONFFILE_MAX = 262144 };

/* Reads the file: passes C's settings to `give` and keeps the
 * others.  Returns the number of errors, each already reported. */
int conffile_load(void (*give)(const char *name, const char *text, const char *source));

const char *conffile_path(void); /* the file that was read; "": none */
bool conffile_is_system(void);   /* it is the one of the system's service */

/* The file that changes are written to: the one that was read, or, if that belongs to a source tree
 * or there was none, the first path that would be searched. */
const char *conffile_own(void);
void conffile_is_now(const char *path); /* it was written */

/* The settings that are not C's, as of the last read of the file (confextra.h). */
const buf *conffile_entries(void);

/* The same as of the host's start: in force for settings that need a restart. */
const buf *conffile_first(void);

/* Reads the file again, or `text` as if it were the file.  C's settings are only checked: `restart`
 * gets the names of those that a restart would change, joined by ", ".  Returns what conffile_load
 * does; on an error the values read before stay. */
int conffile_again(const buf *text, buf *restart);
#endif
