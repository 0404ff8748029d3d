/* SPDX-License-Identifier: MIT
 * conffile.h -- the settings file: its path and its contents. */
#ifndef HUMAN_CONFFILE_H
#define HUMAN_CONFFILE_H
#include <stdbool.h>

#include "core/buf.h"

#define CONFFILE_SYSTEM "/etc/human/human.json"
enum { CONFFILE_MAX = 262144 };

/* Reads the file: gives C its settings, and keeps the others.  Returns how much was wrong, each of which
 * has been said. */
int conffile_load(void (*give)(const char *name, const char *text, const char *source));

const char *conffile_path(void); /* the file that was read; "": there was none */
bool conffile_is_system(void);   /* it is that of this machine's server */

/* The one that a change is written to: the same, but for that of a source tree, in whose place comes the
 * first that would be looked for. */
const char *conffile_own(void);
void conffile_is_now(const char *path); /* it was written */

/* The settings that are not C's, as the file had them when it was read last (confextra.h). */
const buf *conffile_entries(void);

/* The same when this host started: what counts for those that need a restart. */
const buf *conffile_first(void);

/* The file once more, or, where `text` is given, what it would say.  C's settings are only checked: `restart`
 * becomes the names of those that a restart would change, joined by ", ".  As conffile_load; when
 * something is wrong, what was read before stays. */
int conffile_again(const buf *text, buf *restart);
#endif
