/* SPDX-License-Identifier: MIT
 * confunit.h -- units in the values of settings: 64k, 1MB, 30s, 5m.  The suffix of a setting's name is the
 * unit of a bare number: _bytes, _ms or _s; other settings take no unit. */
#ifndef HUMAN_CONFUNIT_H
#define HUMAN_CONFUNIT_H
#include <stdbool.h>

bool confunit_has(const char *name); /* may its values have a unit? */

/* Converts the text to the unit that the name counts in.  0; -1: no
 * number, or a unit that is unknown or ambiguous for this name. */
int confunit_parse(const char *name, const char *text, double *num);

const char *confunit_examples(const char *name); /* "like 64k or 1MB" for a message; NULL: takes none */
#endif
