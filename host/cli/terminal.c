/* SPDX-License-Identifier: MIT
 * terminal.c -- see terminal.h.
 *
 * Owns: the terminal's settings while they are changed; restores them at exit.  Must never
 * disable Ctrl-C. */
#include "cli/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool changed;

static void give_back(void) {
  if (changed) tcsetattr(STDIN_FILENO, TCSANOW, &before);
  changed = false;
}

bool terminal_begin(void) {
  if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before)) return false;
  struct termios t = before;
  t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  t.c_cc[VMIN] = t.c_cc[VTIME] = 0; /* read() returns at once */
  if (atexit(give_back) || tcsetattr(STDIN_FILENO, TCSANOW, &t)) return false;
  changed = true;
  return true;
}

int terminal_key(void) {
  unsigned char c;
  return changed && read(STDIN_FILENO, &c, 1) == 1 ? c : 0;
}

int terminal_rows(void) {
  struct winsize size;
  if (!isatty(STDOUT_FILENO)) return 0;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row ? 24 : size.ws_row;
}
