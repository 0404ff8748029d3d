/* SPDX-License-Identifier: MIT
 * help.h -- the texts of `human help COMMAND`, from host/cli/help.txt, compiled in. */
#ifndef HUMAN_HELP_H
#define HUMAN_HELP_H
#include <stddef.h>

/* Returns the length of the text for a command, which is static and not NUL-terminated; 0: none. */
size_t help_find(const char *command, const char **text);

/* The table of commands is main.c's, which says here how to read it: the i-th name, or NULL. */
void help_commands(const char *(*nth)(size_t i, const char **about));
const char *help_command(size_t i, const char **about);
#endif
