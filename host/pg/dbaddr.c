/* SPDX-License-Identifier: MIT
 * dbaddr.c -- see dbaddr.h.
 *
 * Owns the parsed connection strings, passwords included: no text from here or from libpq's parser
 * reaches the log.  A host name becomes as many servers as it has addresses; `host` stays the name
 * that TLS verifies.  We implement target_session_attrs ourselves, by asking each server whether it
 * accepts writes. */
#include "pg/dbaddr.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/confpack.h"
#include "core/log.h"
#include "core/loop.h"

enum { PARAMS_MAX = 64, HOSTS_MAX = 32, ROUTES = 2 };

typedef struct {
  uv_getaddrinfo_t req; /* first: libuv passes it to the callback */
  dbaddr_route route;
  int host;
  void *arg;
  unsigned epoch;
  dbaddr_done *done;
} lookup;

typedef struct {
  PQconninfoOption *info; /* NULL: not configured */
  const char *keys[PARAMS_MAX + 1], *values[PARAMS_MAX + 1];
  int n;
  const char *names, *addresses, *ports; /* comma-separated lists, as configured */
  int hosts;
} target;

static target targets[ROUTES];

static target *of(dbaddr_route route) {
  return targets[route].info ? &targets[route] : &targets[DBADDR_MAIN];
}

/* ---- the settings ---------------------------------------------------------------------------- */

static void set(target *t, const char *key, const char *value) {
  if (t->n == PARAMS_MAX) return;
  t->keys[t->n] = key;
  t->values[t->n++] = value;
}

static const char *value_of(const target *t, const char *key) {
  for (const PQconninfoOption *o = t->info; o && o->keyword; o++)
    if (strcmp(o->keyword, key) == 0) return o->val && *o->val ? o->val : NULL;
  return NULL;
}

static void set_default(target *t, const char *key, const char *value) {
  if (!value_of(t, key)) set(t, key, value);
}

/* We handle these parameters: libpq gets one address at a time, without conditions. */
static bool is_ours(const char *key) {
  static const char *const ours[] = {"host", "hostaddr", "port", "target_session_attrs",
                                     "connect_timeout", "load_balance_hosts", "client_encoding"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (strcmp(ours[i], key) == 0) return true;
  return false;
}

/* Detects a dead peer within seconds.  Sends no `options`, which poolers refuse; see dbsetup.c. */
static void set_session(target *t) {
  for (PQconninfoOption *o = t->info; o->keyword; o++)
    if (o->val && !is_ours(o->keyword)) set(t, o->keyword, o->val);
  set(t, "client_encoding", "UTF8");
  set(t, "target_session_attrs", "any");
  set_default(t, "application_name", "human");
  set_default(t, "keepalives_idle", "30");
  set_default(t, "keepalives_interval", "10");
  set_default(t, "keepalives_count", "3");
  set_default(t, "tcp_user_timeout", "15000");
}

/* The i-th entry of a comma-separated list; a list of one serves every i when `single`. */
static bool entry(const char *list, int i, bool single, char out[256]) {
  if (!list) return false;
  if (single && !strchr(list, ',')) i = 0;
  for (; i > 0; i--) {
    list = strchr(list, ',');
    if (!list) return false;
    list++;
  }
  size_t n = strcspn(list, ",");
  if (n > 255) return false;
  memcpy(out, list, n);
  out[n] = 0;
  return true;
}

static int count(const char *list) {
  int n = 1;
  for (const char *p = list; p && (p = strchr(p, ',')); p++) n++;
  return n < HOSTS_MAX ? n : HOSTS_MAX;
}

static const char *or_env(const char *value, const char *name) {
  return value ? value : getenv(name);
}

static int read_url(target *t, const char *setting) {
  const char *url = confpack_secret(setting);
  char *why = NULL;
  if (!url || !*url) return -1;
  t->info = PQconninfoParse(url, &why);
  PQfreemem(why); /* it may quote the password; dburl.c has already reported the error */
  if (!t->info) return -1;
  set_session(t);
  t->names = or_env(value_of(t, "host"), "PGHOST");
  t->addresses = or_env(value_of(t, "hostaddr"), "PGHOSTADDR");
  t->ports = or_env(value_of(t, "port"), "PGPORT");
  if (!t->ports || !*t->ports) t->ports = "5432";
  t->hosts = count(t->addresses ? t->addresses : t->names);
  return 0;
}

int dbaddr_init(void) {
  if (read_url(&targets[DBADDR_MAIN], "database.url") < 0) {
    log_fmt(LOG_WARN, "database.url: not set; the database is not available");
    return -1;
  }
  read_url(&targets[DBADDR_DIRECT], "database.direct_url");
  return 0;
}

void dbaddr_stop(void) {
  for (int i = 0; i < ROUTES; i++) {
    PQconninfoFree(targets[i].info);
    targets[i] = (target){0};
  }
  dbserver_forget_all();
}

int dbaddr_hosts(dbaddr_route route) { return of(route)->hosts; }

/* libpq 16 knows load_balance_hosts. */
int dbaddr_first(dbaddr_route route) {
  const target *t = of(route);
  const char *how = value_of(t, "load_balance_hosts");
  if (!how || strcmp(how, "random") != 0) return 0;
  return (int)(uv_hrtime() / 1000 % (uint64_t)t->hosts);
}

uint64_t dbaddr_limit_ms(dbaddr_route route) {
  const char *seconds = value_of(of(route), "connect_timeout");
  long s = seconds ? strtol(seconds, NULL, 10) : 0;
  return s > 0 && s < 3600 ? (uint64_t)s * 1000 : (uint64_t)conf_num("database.connect_timeout_ms");
}

/* ---- name resolution ------------------------------------------------------------------------- */

static void add(dbaddr_list *list, const target *t, int i, const char *host, const char *ip) {
  char port[256];
  if (list->n == DBADDR_LIST) return;
  if (!entry(t->ports, i, true, port) || !*port) snprintf(port, sizeof port, "5432");
  list->at[list->n++] = dbserver_get(host, ip, port);
}

static void on_addresses(uv_getaddrinfo_t *req, int status, struct addrinfo *found) {
  lookup *l = (lookup *)req;
  const target *t = of(l->route);
  dbaddr_list list = {.n = 0};
  char host[256], ip[INET6_ADDRSTRLEN], why[300];
  bool named = t->info && entry(t->names, l->host, false, host);
  for (struct addrinfo *a = status == 0 && named ? found : NULL; a; a = a->ai_next)
    if (getnameinfo(a->ai_addr, a->ai_addrlen, ip, sizeof ip, NULL, 0, NI_NUMERICHOST) == 0)
      add(&list, t, l->host, host, ip);
  uv_freeaddrinfo(found);
  snprintf(why, sizeof why, "the host name \"%s\" has no address", named ? host : "");
  l->done(l->arg, l->epoch, list.n ? &list : NULL, list.n ? NULL : why);
  free(l);
}

static bool is_path(const char *host) { return !*host || *host == '/' || *host == '@'; }

static int look_up(dbaddr_route route, int host, const char *name, void *arg, unsigned epoch,
                   dbaddr_done *done) {
  static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
  lookup *l = calloc(1, sizeof *l);
  if (!l) return -1;
  l->route = route;
  l->host = host;
  l->arg = arg;
  l->epoch = epoch;
  l->done = done;
  if (!uv_getaddrinfo(loop_uv(), &l->req, on_addresses, name, NULL, &hints)) return 0;
  free(l);
  return -1;
}

void dbaddr_resolve(dbaddr_route route, int i, void *arg, unsigned epoch, dbaddr_done *done) {
  const target *t = of(route);
  char host[256] = "", ip[256] = "";
  dbaddr_list list = {.n = 0};
  entry(t->names, i, false, host);
  entry(t->addresses, i, false, ip);
  if (*ip || is_path(host)) {
    add(&list, t, i, host, ip);
    done(arg, epoch, &list, NULL);
  } else if (look_up(route, i, host, arg, epoch, done) < 0) {
    done(arg, epoch, NULL, "the host name cannot be looked up");
  }
}

PGconn *dbaddr_connect(dbaddr_route route, const dbserver *s) {
  const target *t = of(route);
  const char *keys[PARAMS_MAX + 4], *values[PARAMS_MAX + 4];
  const char *place[][2] = {{"host", s->host}, {"hostaddr", s->addr}, {"port", s->port}};
  int n = t->n;
  memcpy(keys, t->keys, sizeof *keys * (size_t)n);
  memcpy(values, t->values, sizeof *values * (size_t)n);
  for (int i = 0; i < 3; i++) {
    if (!*place[i][1]) continue;
    keys[n] = place[i][0];
    values[n++] = place[i][1];
  }
  keys[n] = values[n] = NULL;
  PGconn *pg = PQconnectStartParams(keys, values, 0);
  if (pg) PQsetErrorVerbosity(pg, PQERRORS_VERBOSE); /* includes the SQLSTATE of a refusal */
  return pg;
}
