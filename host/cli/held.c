/* SPDX-License-Identifier: MIT
 * held.c -- see held.h.  Owns the values, and wipes them at exit. */
#include "cli/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/secret.h"
#include "cli/terminal.h"
#include "core/conf.h"
#include "core/secretstore.h"

enum { ROOM = SECRETSTORE_VALUE_MAX + 1 };

static struct held {
  char name[SECRETSTORE_NAME], *value;
  size_t n;
} held[HELD_MAX];

static void wipe(void) {
  for (int i = 0; i < HELD_MAX; i++)
    if (held[i].value) explicit_bzero(held[i].value, ROOM);
}

static struct held *find(const char *name) {
  for (int i = 0; i < HELD_MAX; i++)
    if (held[i].value && !strcmp(held[i].name, name)) return &held[i];
  return NULL;
}

static struct held *room_for(const char *name) {
  struct held *h = find(name);
  for (int i = 0; i < HELD_MAX && !h; i++)
    if (!held[i].value) h = &held[i];
  if (!h || !secretstore_is_name(name)) return NULL;
  if (!held[0].value) atexit(wipe);
  if (!h->value) h->value = calloc(1, ROOM);
  snprintf(h->name, sizeof h->name, "%s", name);
  return h->value ? h : NULL;
}

static ssize_t read_all(int fd, char *to, size_t max) {
  size_t at = 0;
  ssize_t n = 1;
  while (at < max && (n = read(fd, to + at, max - at)) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    at += (size_t)n;
  }
  return (ssize_t)at;
}

static ssize_t read_from(const char *from, char *to, size_t max) {
  if (!strcmp(from, "-")) return read_all(STDIN_FILENO, to, max);
  int fd = open(from, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = read_all(fd, to, max);
  int error = errno;
  close(fd);
  errno = error;
  return n;
}

static int refuse(struct held *h, const char *what, const char *reason, char *why, size_t n) {
  explicit_bzero(h->value, ROOM);
  h->n = 0;
  snprintf(why, n, "%s%s%s", what, *what ? ": " : "", reason);
  return -1;
}

static int check(struct held *h, const char *from, ssize_t got, char *why, size_t why_n) {
  size_t n = got > 0 ? (size_t)got : 0;
  if (got < 0) return refuse(h, from, strerror(errno), why, why_n);
  if (got > SECRETSTORE_VALUE_MAX)
    return refuse(h, from, "is longer than a secret can be (64 KB)", why, why_n);
  while (n && strchr(" \t\r\n", h->value[n - 1])) n--;
  if (!n) return refuse(h, from, "there is no secret in it", why, why_n);
  if (memchr(h->value, 0, n) || memchr(h->value, '\n', n))
    return refuse(h, from, "a secret is one line of text", why, why_n);
  h->value[h->n = n] = 0;
  return 0;
}

int held_take(const char *name, const char *from, char *why, size_t why_n) {
  char prompt[SECRETSTORE_NAME + 32];
  struct held *h = room_for(name);
  if (!h) return snprintf(why, why_n, "%s: no such secret can be kept", name), -1;
  snprintf(prompt, sizeof prompt, "%s (not shown): ", name);
  ssize_t got = *from ? read_from(from, h->value, ROOM) : terminal_line(prompt, true, h->value, ROOM);
  if (!*from && got < 0 && errno == EINTR) return HELD_INTERRUPTED;
  return check(h, *from ? from : "", got, why, why_n);
}

int held_try(const char *name) {
  char setting[SECRETSTORE_NAME + 16];
  struct held *h = find(name);
  snprintf(setting, sizeof setting, "secrets.%s", name);
  return h && h->n ? conf_set(setting, h->value) : -1;
}

int held_keep(const char *name, char *why, size_t why_n) {
  struct held *h = find(name);
  if (!h || !h->n) return snprintf(why, why_n, "%s: there is no such secret", name), -1;
  secret_use_home_of_server();
  return secretstore_set(name, h->value, h->n, why, why_n);
}

int held_remove(const char *name, char *why, size_t why_n) {
  secret_use_home_of_server();
  return secretstore_remove(name, why, why_n);
}
