/* SPDX-License-Identifier: MIT
 * log.c -- see log.h: one write(2) per line to stderr, at most PIPE_BUF bytes, so that lines of
 * several processes never mix and a full pipe is noticed before it would block. */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "host_api.h"

enum { LINE_MAX_BYTES = 4000, WAIT_MS = 20 };

static const char *const names[] = {"error", "warn", "info", "debug"};
static int threshold = LOG_INFO;
static bool json;
static unsigned long dropped; /* lines lost because stderr took nothing: a full pipe or disk */
static bool torn;             /* .. or took the beginning of one */

void log_init(void) {
  const char *level = conf_str("log.level");
  for (int i = 0; i <= LOG_DEBUG; i++)
    if (!strcmp(level, names[i])) threshold = i;
  json = !strcmp(conf_str("log.format"), "json");
}

int log_enabled(int level) {
  return level <= threshold;
}

typedef struct {
  char p[LINE_MAX_BYTES];
  size_t n;
} line;

static void put(line *l, const char *p, size_t n) {
  size_t room = sizeof l->p - 8 - l->n; /* 8: what ends a line in either format */
  if (n > room) n = room;
  memcpy(l->p + l->n, p, n);
  l->n += n;
}

static void put_time(line *l) {
  struct timespec t;
  struct tm tm;
  char text[40];
  clock_gettime(CLOCK_REALTIME, &t);
  if (json) gmtime_r(&t.tv_sec, &tm);
  else localtime_r(&t.tv_sec, &tm);
  size_t n = strftime(text, sizeof text, json ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
  long ms = t.tv_nsec / 1000000;
  n += (size_t)snprintf(text + n, sizeof text - n, ".%03ld%s", ms, json ? "Z" : "");
  put(l, text, n);
}

/* Control characters end lines and drive terminals: they are dropped, in JSON also escaped. */
static void put_clean(line *l, const char *p, size_t n, bool escape) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)p[i];
    if (c < 0x20 || c == 0x7f) c = ' ';
    if (escape && (c == '"' || c == '\\')) {
      if (l->n + 2 > sizeof l->p - 8) return;
      put(l, "\\", 1);
    }
    put(l, (const char *)&c, 1);
  }
}

static void emit(line *l) {
  struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
  l->p[l->n++] = '\n';
  ssize_t taken = -1;
  if (poll(&p, 1, WAIT_MS) > 0 && (p.revents & POLLOUT)) {
    if (torn) torn = write(STDERR_FILENO, "\n", 1) < 1;
    if (!torn) taken = write(STDERR_FILENO, l->p, l->n);
  }
  if (taken > 0 && (size_t)taken < l->n) torn = true;
  if (taken < 0 || torn) dropped++;
}

/* Lua's lines are JSON objects: what C knows is put in front of their first member. */
static void emit_json(int level, const char *p, size_t n) {
  line l = {.n = 0};
  bool object = n > 1 && p[0] == '{' && p[n - 1] == '}' && n < sizeof l.p - 128;
  char head[96];
  put(&l, "{\"time\":\"", 9);
  put_time(&l);
  int k = snprintf(head, sizeof head, "\",\"level\":\"%s\",\"pid\":%d", names[level],
                   (int)getpid());
  put(&l, head, (size_t)k);
  if (object) {
    if (n > 2) put(&l, ",", 1);
    put_clean(&l, p + 1, n - 1, false);
  } else {
    put(&l, ",\"msg\":\"", 8);
    put_clean(&l, p, n, true);
    memcpy(l.p + l.n, "\"}", 2);
    l.n += 2;
  }
  emit(&l);
}

static void emit_text(int level, const char *p, size_t n) {
  line l = {.n = 0};
  char head[16];
  put_time(&l);
  put(&l, head, (size_t)snprintf(head, sizeof head, " %-5s ", names[level]));
  put_clean(&l, p, n, false);
  emit(&l);
}

/* When this line is lost too, it is told again before the next one. */
static void tell_lost(void) {
  unsigned long lost = dropped;
  dropped = 0;
  log_fmt(LOG_WARN, "log: %lu lines were lost because stderr could not be written", lost);
  if (dropped) dropped = lost;
}

void log_line(int level, const char *p, unsigned long n) {
  if (level < LOG_ERROR) level = LOG_ERROR;
  if (level > LOG_DEBUG) level = LOG_DEBUG;
  if (level > threshold) return;
  if (dropped) tell_lost();
  if (json) emit_json(level, p, n);
  else emit_text(level, p, n);
}

void log_fmt(int level, const char *fmt, ...) {
  if (level > threshold) return;
  char text[LINE_MAX_BYTES];
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (n < 0) return;
  log_line(level, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

int host_log(int level, host_str *text) {
  log_line(level, text->p, text->n);
  return 0;
}
