/* SPDX-License-Identifier: MIT
 * change.c -- see change.h.
 *
 * Owns: the new text, until the decision.  One at a time.  Must never write a text that was not
 * accepted, nor overwrite another edit unread. */
#include "server/change.h"

#include <errno.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/confedit.h"
#include "core/conffile.h"
#include "core/log.h"
#include "core/wholefile.h"
#include "server/supervisor.h"

enum { REQUEST_MAX = 262144, CHANGES_MAX = 100, HASH = 2 * SHA256_DIGEST_LENGTH + 1 };

static struct {
  bool pending;
  int worker;
  int32_t id;                /* of the worker's op */
  char path[PATH_MAX], before[HASH];
  buf text;
} c = {.text = {.max = CONFFILE_MAX}};

bool change_pending(void) { return c.pending; }

static void answer(int worker, int32_t id, bool ok, const char *text) {
  static link_message m;
  m = (link_message){.kind = LINK_CHANGED, .generation = id, .ok = ok};
  snprintf(m.text, sizeof m.text, "%s", text);
  int fd = supervisor_link(worker);
  if (fd >= 0 && link_send(fd, &m, -1)) log_fmt(LOG_ERROR, "worker %d cannot be sent the result", worker);
}

void change_refuse(int worker, const link_message *asked, int fd, const char *code) {
  if (fd >= 0) close(fd);
  answer(worker, asked->generation, false, code);
}

void change_end(bool ok, const char *text) {
  if (!c.pending) return;
  c.pending = false;
  answer(c.worker, c.id, ok, text);
  if (c.text.p) explicit_bzero(c.text.p, c.text.n);
  buf_free(&c.text);
}

/* ---- the file ---- */

static void hash_of(const buf *text, char out[HASH]) {
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256((const unsigned char *)(text->p ? text->p : ""), text->n, sum);
  for (size_t i = 0; i < sizeof sum; i++) snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

/* Reads the file in use; "" if there is none. */
static int read_file(const char *path, buf *out, char *why, size_t n) {
  struct stat st;
  out->n = 0;
  if (!*path || stat(path, &st)) return 0;
  if (S_ISREG(st.st_mode) && !wholefile_read(path, out)) return 0;
  snprintf(why, n, "failed\n%s: %s", path, S_ISREG(st.st_mode) ? strerror(errno) : "is no file");
  return -1;
}

int change_write(char *why, size_t n) {
  char now[HASH], real[PATH_MAX], bak[PATH_MAX + 8];
  const char *to = realpath(c.path, real) ? real : c.path; /* a link stays one: its file may be in git */
  buf text = {.max = CONFFILE_MAX};
  int failed = read_file(conffile_path(), &text, why, n);
  if (!failed) hash_of(&text, now);
  if (!failed && strcmp(now, c.before) != 0)
    failed = (snprintf(why, n, "conflict\n%s was changed meanwhile", c.path), -1);
  snprintf(bak, sizeof bak, "%s.bak", to);
  if (!failed && ((text.n && wholefile_replace(bak, text.p, text.n)) ||
                  wholefile_replace(to, c.text.p, c.text.n)))
    failed = (snprintf(why, n, "failed\n%s: %s", to, strerror(errno)), -1);
  if (!failed) conffile_is_now(c.path);
  if (text.p) explicit_bzero(text.p, text.n);
  buf_free(&text);
  return failed;
}

/* ---- the request: a hash or "", then names and JSON, each ending with NUL ---- */

static int read_request(int fd, buf *out) {
  struct stat st;
  out->n = 0;
  if (fd < 0 || fstat(fd, &st) || st.st_size <= 0 || st.st_size > REQUEST_MAX) return -1;
  char *to = buf_reserve(out, (size_t)st.st_size);
  if (!to || pread(fd, to, (size_t)st.st_size, 0) != st.st_size || to[st.st_size - 1]) return -1;
  out->n = (size_t)st.st_size;
  return 0;
}

static int edit(const buf *request, char *why, size_t n) {
  const char *at = request->p + strlen(request->p) + 1, *end = request->p + request->n;
  for (int i = 0; at < end; i++) {
    const char *name = at, *json = at + strlen(at) + 1;
    if (json >= end || i == CHANGES_MAX) return snprintf(why, n, "invalid\ntoo many changes"), -1;
    char reason[256];
    if (confedit(&c.text, name, json, reason, sizeof reason))
      return snprintf(why, n, "invalid\n%s", reason), -1;
    at = json + strlen(json) + 1;
  }
  return 0;
}

/* The source tree's file is only the starting point: the change goes to the user's own file. */
static int choose_file(char *why, size_t n) {
  snprintf(c.path, sizeof c.path, "%s", conffile_own());
  if (*c.path) return 0;
  snprintf(why, n, "failed\nthere is no place for a settings file");
  return -1;
}

static int prepare(int fd, buf *restart, char *why, size_t n) {
  buf request = {.max = REQUEST_MAX};
  char reason[2048];
  int failed = read_request(fd, &request) ? (snprintf(why, n, "invalid\nno request"), -1) : 0;
  if (!failed) failed = choose_file(why, n) || read_file(conffile_path(), &c.text, why, n);
  if (!failed) hash_of(&c.text, c.before);
  if (!failed && *request.p && strcmp(request.p, c.before) != 0)
    failed = (snprintf(why, n, "conflict\nthe settings file has changed since it was read"), -1);
  if (!failed && !c.text.n) failed = buf_str(&c.text, "{\n}\n");
  if (!failed) failed = edit(&request, why, n);
  if (!failed && conf_again(&c.text, restart, reason, sizeof reason))
    failed = (snprintf(why, n, "invalid\n%s", reason), -1);
  if (request.p) explicit_bzero(request.p, request.n);
  buf_free(&request);
  return failed;
}

int change_begin(int worker, const link_message *asked, int fd, buf *restart) {
  char why[3000] = "failed\nno memory";
  c.pending = true;
  c.worker = worker;
  c.id = asked->generation;
  int failed = prepare(fd, restart, why, sizeof why);
  if (fd >= 0) close(fd);
  if (failed) change_end(false, why);
  return failed ? -1 : 0;
}
