/* SPDX-License-Identifier: MIT
 * command.h -- `human test` and the like: one worker in this process that runs a Lua sub-command. */
#ifndef HUMAN_COMMAND_H
#define HUMAN_COMMAND_H
#include <stdbool.h>

/* Returns the exit status.  database: the command needs one. */
int command_run(const char *command, int argc, char **argv, bool database);

/* The same for one that inspects a server and its surroundings, in whatever state, or talks with it: it
 * loads no scripts at the start, starts nothing, and uses the private database only if it already runs. */
int command_look(const char *command, int argc, char **argv);

/* In such a worker, started without a database: connects to the
 * server's, or for a draft to a private one that ends with it.  Blocks
 * until a private server answers; 0, or -1 and a message on stderr. */
int command_database(void);
#endif
