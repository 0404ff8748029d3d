/* SPDX-License-Identifier: MIT
 * secret.c -- see secret.h.  A value is read from standard input, or typed
 * without echo; never from the command line, which other users can see.
 * Owns nothing; uses no Lua, which would keep the value in memory. */
#include "cli/secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/terminal.h"
#include "core/conf.h"
#include "core/sealkeys.h"
#include "core/secretstore.h"
#include "server/control.h"

enum { WRONG_USAGE = 2, STATUS_MAX = 32768 };

static int usage(const char *what) {
  const char *text;
  size_t n = help_find("secret", &text);
  fprintf(stderr, "human secret: %s\n%.*s", what, (int)n, text);
  return WRONG_USAGE;
}

static int failed(const char *why) {
  fprintf(stderr, "human secret: %s\n", why);
  return 1;
}

/* Uses the home of the server that other commands would talk to: its secrets are there. */
void secret_use_home_of_server(void) {
  static char status[STATUS_MAX], home[4096];
  static const char mark[] = "\"home\":\"";
  if (!conf_is_shared("home") || control_get("status", status, sizeof status)) return;
  const char *at = strstr(status, mark), *end = at ? strchr(at + sizeof mark - 1, '"') : NULL;
  if (!end || memchr(at, '\\', (size_t)(end - at))) return;
  snprintf(home, sizeof home, "%.*s", (int)(end - at - (int)sizeof mark + 1), at + sizeof mark - 1);
  conf_set("home", home);
}

/* ---- the value ---- */

static ssize_t read_unseen(const char *name, char *to, size_t max) {
  char prompt[SECRETSTORE_NAME + 16];
  snprintf(prompt, sizeof prompt, "value of %s: ", name);
  return terminal_line(prompt, true, to, max);
}

static ssize_t read_all(char *to, size_t max) {
  size_t at = 0;
  ssize_t n = 1;
  while (at < max && (n = read(STDIN_FILENO, to + at, max - at)) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    at += (size_t)n;
  }
  return (ssize_t)at;
}

static int set(const char *name) {
  static char value[SECRETSTORE_VALUE_MAX + 1];
  char why[512];
  ssize_t got = isatty(STDIN_FILENO) ? read_unseen(name, value, sizeof value) : read_all(value, sizeof value);
  size_t n = got > 0 ? (size_t)got : 0;
  while (n && strchr(" \t\r\n", value[n - 1])) n--;
  const char *wrong = got < 0 ? strerror(errno) : !n ? "no value was given on standard input"
                      : got > SECRETSTORE_VALUE_MAX ? "is longer than a secret can be (64 KB)"
                      : memchr(value, 0, n) || memchr(value, '\n', n) ? "a secret is one line of text" : NULL;
  int e = wrong ? failed(wrong) : secretstore_set(name, value, n, why, sizeof why) ? failed(why) : 0;
  explicit_bzero(value, sizeof value);
  return e;
}

/* ---- the sub-commands ---- */

static bool as_json;

static void print(const char *name, const char *state) {
  printf("%-24s %s\n", name, state);
}

/* Names and states are plain words, without anything that JSON would have to escape. */
static void print_json(const char *name, const char *state) {
  static bool more;
  printf("%s{\"name\":\"%s\",\"ok\":%s}", more ? "," : "", name, strcmp(state, "ok") ? "false" : "true");
  more = true;
}

static int list(void) {
  char why[512];
  if (!as_json) return secretstore_each(print, why, sizeof why) ? failed(why) : 0;
  printf("{\"secrets\":[");
  int bad = secretstore_each(print_json, why, sizeof why);
  printf("]}\n");
  return bad ? failed(why) : 0;
}

static int done(int status, const char *what, const char *name) {
  const char *quote = name ? "\"" : "";
  if (as_json && !status) printf("{\"%s\":%s%s%s}\n", what, quote, name ? name : "true", quote);
  return status;
}

/* Takes --json out of the words. */
static int take_json(int argc, char **argv) {
  int n = 0;
  for (int i = 0; i < argc; i++)
    if (strcmp(argv[i], "--json") != 0) argv[n++] = argv[i];
  as_json = n < argc;
  return n;
}

static int take_away(const char *name) {
  char why[512];
  int none = secretstore_remove(name, why, sizeof why);
  if (none < 0) return failed(why);
  return none ? failed("there is no secret of that name") : 0;
}

static int rotate(void) {
  char why[512];
  if (sealkeys_rotate(why, sizeof why) || secretstore_reseal(why, sizeof why)) return failed(why);
  return 0;
}

int secret_command(int argc, char **argv) {
  argc = take_json(argc, argv);
  if (argc == 0) return usage("what with them?");
  const char *what = argv[0];
  bool named = !strcmp(what, "set") || !strcmp(what, "remove");
  if (!named && strcmp(what, "list") != 0 && strcmp(what, "rotate") != 0) return usage("no such command");
  if (argc > 1 + named) return usage(named ? "the value is read from standard input, never from here"
                                           : "unexpected argument");
  if (named && argc < 2) return usage("a name is missing");
  if (named)
    for (char *p = argv[1]; *p; p++) *p = (char)tolower((unsigned char)*p);
  if (named && !secretstore_is_name(argv[1])) return usage("a name is of letters, digits and _, at most 63");
  secret_use_home_of_server();
  if (!strcmp(what, "list")) return list();
  if (!strcmp(what, "rotate")) return done(rotate(), "rotated", NULL);
  if (!strcmp(what, "set")) return done(set(argv[1]), "set", argv[1]);
  return done(take_away(argv[1]), "removed", argv[1]);
}
