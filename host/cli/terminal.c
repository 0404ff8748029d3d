/* SPDX-License-Identifier: MIT
 * terminal.c -- see terminal.h.
 *
 * Owns: the terminal's settings while they are changed; restores them at exit.  Must never
 * disable Ctrl-C: while a line is read it is a character that ends the line. */
#include "cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

enum { CTRL_C = 3 };

/* No signal arrives meanwhile, so the terminal is always left as it was. */
ssize_t terminal_line(const char *prompt, bool unseen, char *to, size_t max) {
  struct termios was, t;
  if (tcgetattr(STDIN_FILENO, &was)) return -1;
  t = was;
  t.c_lflag &= ~(tcflag_t)ISIG;
  if (unseen) t.c_lflag &= ~(tcflag_t)ECHO;
  t.c_cc[VEOL] = CTRL_C;
  fflush(stdout);
  tcsetattr(STDIN_FILENO, TCSADRAIN, &t); /* before the prompt: who sees it may press Ctrl-C */
  fputs(prompt, stderr);
  ssize_t n = read(STDIN_FILENO, to, max);
  tcsetattr(STDIN_FILENO, TCSADRAIN, &was);
  bool ended = n > 0 && memchr(to, CTRL_C, (size_t)n);
  if (unseen || ended) fputc('\n', stderr);
  if (ended) return errno = EINTR, -1;
  return n;
}
