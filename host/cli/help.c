/* SPDX-License-Identifier: MIT
 * help.c -- see help.h.  A section of help.txt begins with a line "@ COMMAND" and ends before the empty
 * line that precedes the next one.  Owns nothing. */
#include "cli/help.h"

#include <string.h>

#include "server/embed.h"

/* The end of the section that begins at p: before the empty line that precedes the next mark. */
static const char *section_end(const char *p, const char *end) {
  const char *next = memmem(p, (size_t)(end - p), "\n@ ", 3);
  return next ? next : end;
}

size_t help_find(const char *command, const char **text) {
  const char *p;
  size_t n, k = strlen(command);
  if (!embed_find("help.txt", &p, &n)) return 0;
  const char *end = p + n;
  while (p < end) {
    const char *line_end = memchr(p, '\n', (size_t)(end - p)), *stop = section_end(p, end);
    if (!line_end) return 0;
    if ((size_t)(line_end - p) == k + 2 && !memcmp(p + 2, command, k)) {
      *text = line_end + 1;
      return (size_t)(stop - *text);
    }
    p = stop < end ? stop + 1 : end;
  }
  return 0;
}

static const char *(*nth_command)(size_t i, const char **about);

void help_commands(const char *(*nth)(size_t i, const char **about)) { nth_command = nth; }

const char *help_command(size_t i, const char **about) { return nth_command ? nth_command(i, about) : NULL; }
