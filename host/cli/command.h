/* SPDX-License-Identifier: MIT
 * command.h -- `human test` and the like: one worker in this process that runs a Lua sub-command. */
#ifndef HUMAN_COMMAND_H
#define HUMAN_COMMAND_H
#include <stdbool.h>

/* The exit status.  database: it needs one. */
int command_run(const char *command, int argc, char **argv, bool database);

/* In such a worker that was begun without: the database of the server, or, of a draft, a private one
 * which ends with it.  Blocks until a private server answers; 0, or -1 and a message on stderr. */
int command_database(void);
#endif
