/* SPDX-License-Identifier: MIT
 * dbserver.c -- see dbserver.h.
 *
 * Owns the table of servers.  An entry is not reused for another address
 * while a connection points to it. Must never keep a text that could contain
 * a password: only addresses and the server's own messages come here. */
#include "pg/dbserver.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/loop.h"

enum { SERVERS_MAX = 48, RECENT_MS = 60000, STATE = 5 };

static dbserver table[SERVERS_MAX];
static int n_servers;

static bool is(const dbserver *s, const char *host, const char *addr, const char *port) {
  return !strcmp(s->host, host) && !strcmp(s->addr, addr) && !strcmp(s->port, port);
}

static dbserver *place(void) {
  dbserver *oldest = NULL;
  if (n_servers < SERVERS_MAX) return &table[n_servers++];
  for (int i = 0; i < n_servers; i++) {
    dbserver *s = &table[i];
    if (s->tries || s->ready) continue;
    if (!oldest || s->noted_at < oldest->noted_at) oldest = s;
  }
  return oldest ? oldest : &table[0];
}

dbserver *dbserver_get(const char *host, const char *addr, const char *port) {
  for (int i = 0; i < n_servers; i++)
    if (is(&table[i], host, addr, port)) return &table[i];
  dbserver *s = place();
  *s = (dbserver){0};
  snprintf(s->host, sizeof s->host, "%s", host);
  snprintf(s->addr, sizeof s->addr, "%s", addr);
  snprintf(s->port, sizeof s->port, "%s", port);
  return s;
}

void dbserver_forget_all(void) { n_servers = 0; }

void dbserver_note(dbserver *s, int condition, const char *why) {
  s->condition = condition;
  s->noted_at = uv_now(loop_uv());
  s->hung = s->crowded = false;
  snprintf(s->why, sizeof s->why, "%s", why);
}

void dbserver_name(const dbserver *s, char *out, size_t n) {
  const char *host = *s->host ? s->host : *s->addr ? s->addr : "the local socket";
  snprintf(out, n, *host == '/' ? "%s" : "%s:%s", host, s->port);
}

const char *dbserver_condition_name(int condition) {
  static const char *const names[] = {
      [HOST_DB_UNKNOWN] = "starting", [HOST_DB_UP] = "up",           [HOST_DB_FULL] = "full",
      [HOST_DB_STARTING] = "starting", [HOST_DB_READ_ONLY] = "read_only",
      [HOST_DB_STUCK] = "stuck",      [HOST_DB_REFUSED] = "refused",
      [HOST_DB_UNREACHABLE] = "unreachable"};
  return names[condition];
}

/* ---- messages -------------------------------------------------------------------------------- */

/* The start of the code in "FATAL:  53300: sorry, too many clients already", or NULL. */
static const char *find_state(const char *line, size_t n) {
  for (size_t i = 0; i + STATE + 5 < n; i++) {
    const char *p = line + i;
    if (memcmp(p, ":  ", 3) != 0 || memcmp(p + 3 + STATE, ": ", 2) != 0) continue;
    size_t k = 0;
    while (k < STATE && (isdigit((unsigned char)p[3 + k]) || isupper((unsigned char)p[3 + k]))) k++;
    if (k == STATE) return p + 3;
  }
  return NULL;
}

static int condition_of(const char *state, bool *crowded) {
  *crowded = memcmp(state, "53300", STATE) == 0;
  if (memcmp(state, "57P03", STATE) == 0) return HOST_DB_STARTING;
  if (memcmp(state, "57P", 3) == 0 || memcmp(state, "25P03", STATE) == 0) return HOST_DB_UNREACHABLE;
  if (memcmp(state, "53100", STATE) == 0 || memcmp(state, "53200", STATE) == 0) return HOST_DB_FULL;
  return HOST_DB_REFUSED;
}

/* libpq adds a line for each attempt (with TLS, then without): use the last one. */
int dbserver_classify(const char *message, char *why, size_t n, bool *crowded) {
  const char *best = message, *state = NULL;
  size_t len = strcspn(message, "\n");
  *crowded = false;
  for (const char *p = message; *p;) {
    size_t k = strcspn(p, "\n");
    const char *found = find_state(p, k);
    if (found) best = p, len = k, state = found;
    p += k + (p[k] == '\n');
  }
  if (!state) {
    snprintf(why, n, "%.*s", (int)len, best);
    return HOST_DB_UNREACHABLE;
  }
  snprintf(why, n, "%.*s%.*s", (int)(state - best), best,
           (int)(len - (size_t)(state - best) - STATE - 2), state + STATE + 2);
  return condition_of(state, crowded);
}

/* ---- all servers ----------------------------------------------------------------------------- */

static bool is_recent(const dbserver *s) {
  return s->noted_at && uv_now(loop_uv()) - s->noted_at < RECENT_MS;
}

/* An answer, even a refusal, tells more than no answer. */
static int rank(int condition) {
  static const int order[] = {[HOST_DB_UNKNOWN] = 0,  [HOST_DB_UP] = 1,       [HOST_DB_UNREACHABLE] = 2,
                              [HOST_DB_STUCK] = 3,    [HOST_DB_REFUSED] = 4,  [HOST_DB_FULL] = 5,
                              [HOST_DB_STARTING] = 6, [HOST_DB_READ_ONLY] = 7};
  return order[condition];
}

int dbserver_summary(char *why, size_t n) {
  int best = HOST_DB_UNKNOWN;
  size_t at = 0;
  if (n) *why = 0;
  for (int i = 0; i < n_servers; i++) {
    const dbserver *s = &table[i];
    if (!is_recent(s) || s->condition <= HOST_DB_UP) continue;
    if (rank(s->condition) > rank(best)) best = s->condition;
    int k = at < n ? snprintf(why + at, n - at, "%s%s", at ? "; " : "", s->why) : 0;
    if (k > 0) at += (size_t)k;
  }
  return best;
}
