/* SPDX-License-Identifier: MIT
 * terminal.h -- keyboard input for `human top`, and lines that a command asks for. */
#ifndef HUMAN_TERMINAL_H
#define HUMAN_TERMINAL_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Turns off line buffering and echo until the process ends.  False: no terminal. */
bool terminal_begin(void);
int terminal_key(void); /* a key that was pressed, or 0 */
int terminal_rows(void); /* lines of the screen on stdout; 0: no terminal */

/* Asks on stderr and reads a line, with its end, from the terminal.  Its length; 0 at the end of input;
 * or -1, with errno EINTR for Ctrl-C. */
ssize_t terminal_line(const char *prompt, bool unseen, char *to, size_t max);
#endif
