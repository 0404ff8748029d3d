/* SPDX-License-Identifier: MIT
 * terminal.h -- keyboard input for `human top`. */
#ifndef HUMAN_TERMINAL_H
#define HUMAN_TERMINAL_H
#include <stdbool.h>

/* Turns off line buffering and echo until the process ends.  False: no terminal. */
bool terminal_begin(void);
int terminal_key(void); /* a key that was pressed, or 0 */
int terminal_rows(void); /* lines of the screen on stdout; 0: no terminal */
#endif
