/* SPDX-License-Identifier: MIT
 * help.h -- the texts of `human help COMMAND`, from host/cli/help.txt, compiled in. */
#ifndef HUMAN_HELP_H
#define HUMAN_HELP_H
#include <stddef.h>

/* The text for a command, static and not terminated, and its length; 0: there is none. */
size_t help_find(const char *command, const char **text);
#endif
