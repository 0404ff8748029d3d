/* SPDX-License-Identifier: MIT
 * dbaddr.c -- see dbaddr.h.
 *
 * Owns the parsed connection string, password included: no text from here or from libpq's parser
 * reaches the log.  Each host name becomes as many (host, hostaddr, port) entries as it has
 * addresses; libpq tries them in order, and `host` stays the name that TLS verifies. */
#include "dbaddr.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "worker.h"

enum { PARAMS_MAX = 64, LIST_MAX = 16, LIST_BYTES = 8192, OPTIONS_MAX = 2048 };

typedef struct {
  uv_getaddrinfo_t req; /* first: it is what libuv hands back */
  void *arg;
  unsigned epoch;
  dbaddr_done *done;
  buf host, hostaddr, port; /* comma-separated, one entry per address */
  int next, entries;        /* the configured host to look up next */
} lookup;

static struct {
  PQconninfoOption *info;
  const char *keys[PARAMS_MAX + 1], *values[PARAMS_MAX + 1];
  int n, host_at, addr_at, port_at;
  char options[OPTIONS_MAX];
  char *host, *hostaddr, *port; /* of the last lookup */
  const char *names, *ports;    /* as configured */
} addr;

/* ---- the setting ----------------------------------------------------------------------------- */

static int set(const char *key, const char *value) {
  for (int i = 0; i < addr.n; i++)
    if (strcmp(addr.keys[i], key) == 0) {
      addr.values[i] = value;
      return i;
    }
  if (addr.n == PARAMS_MAX) return -1;
  addr.keys[addr.n] = key;
  addr.values[addr.n] = value;
  return addr.n++;
}

static void set_default(const char *key, const char *value) {
  for (int i = 0; i < addr.n; i++)
    if (strcmp(addr.keys[i], key) == 0) return;
  set(key, value);
}

static const char *value_of(const char *key) {
  for (int i = 0; i < addr.n; i++)
    if (strcmp(addr.keys[i], key) == 0) return addr.values[i];
  return NULL;
}

/* A dead peer is noticed in seconds, also by the thread that sends a cancel request. */
static void set_session(void) {
  const char *own = value_of("options");
  int lease_ms = (int)conf_num("database.lease_timeout_ms");
  snprintf(addr.options, sizeof addr.options,
           "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex"
           " -c client_min_messages=warning -c statement_timeout=%d"
           " -c idle_in_transaction_session_timeout=%d%s%s",
           (int)conf_num("database.statement_timeout_ms"), lease_ms ? lease_ms + 5000 : 0,
           own ? " " : "", own ? own : "");
  set("options", addr.options);
  set("client_encoding", "UTF8");
  set_default("application_name", "human");
  set_default("keepalives_idle", "30");
  set_default("keepalives_interval", "10");
  set_default("keepalives_count", "3");
  set_default("tcp_user_timeout", "15000");
}

int dbaddr_init(void) {
  const char *url = conf_secret("database.url");
  if (!url || !*url) {
    log_fmt(LOG_WARN, "database.url: not set; the database is not available");
    return -1;
  }
  char *why = NULL;
  addr.info = PQconninfoParse(url, &why);
  PQfreemem(why); /* it may quote the password */
  if (!addr.info) {
    log_fmt(LOG_ERROR, "database.url: neither a postgresql:// URI nor a key=value list");
    return -1;
  }
  addr.n = 0;
  for (PQconninfoOption *o = addr.info; o->keyword; o++)
    if (o->val) set(o->keyword, o->val);
  set_session();
  addr.names = value_of("host");
  if (!addr.names) addr.names = getenv("PGHOST");
  addr.ports = value_of("port");
  if (!addr.ports) addr.ports = getenv("PGPORT");
  if (!addr.ports || !*addr.ports) addr.ports = "5432";
  return 0;
}

static void forget_lookup(void) {
  free(addr.host);
  free(addr.hostaddr);
  free(addr.port);
  addr.host = addr.hostaddr = addr.port = NULL;
}

void dbaddr_stop(void) {
  forget_lookup();
  PQconninfoFree(addr.info);
  addr.info = NULL;
  addr.n = 0;
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* The i-th entry of a comma-separated list; a list of one serves every i when `single`. */
static bool entry(const char *list, int i, bool single, char out[256]) {
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

static int add_entry(buf *b, bool first, const char *text) {
  return (first ? 0 : buf_add(b, ",", 1)) < 0 ? -1 : buf_str(b, text);
}

static void add_address(lookup *l, const char *host, const char *ip) {
  char port[256];
  if (l->entries == LIST_MAX) return;
  if (!entry(addr.ports, l->next, true, port)) return;
  bool first = l->entries == 0;
  if (add_entry(&l->host, first, host) < 0 || add_entry(&l->hostaddr, first, ip) < 0) return;
  if (add_entry(&l->port, first, port) == 0) l->entries++;
}

static void end_lookup(lookup *l, const char *failure) {
  if (!failure) {
    forget_lookup();
    buf_add(&l->host, "", 1);
    buf_add(&l->hostaddr, "", 1);
    buf_add(&l->port, "", 1);
    addr.host = l->host.p;
    addr.hostaddr = l->hostaddr.p;
    addr.port = l->port.p;
  } else {
    buf_free(&l->host);
    buf_free(&l->hostaddr);
    buf_free(&l->port);
  }
  void *arg = l->arg;
  unsigned epoch = l->epoch;
  dbaddr_done *done = l->done;
  free(l);
  done(arg, epoch, failure);
}

static void look_up_next(lookup *l);

static void on_addresses(uv_getaddrinfo_t *req, int status, struct addrinfo *list) {
  lookup *l = (lookup *)req;
  char host[256], ip[INET6_ADDRSTRLEN];
  bool named = addr.info && entry(addr.names, l->next, false, host);
  for (struct addrinfo *a = status == 0 && named ? list : NULL; a; a = a->ai_next)
    if (getnameinfo(a->ai_addr, a->ai_addrlen, ip, sizeof ip, NULL, 0, NI_NUMERICHOST) == 0)
      add_address(l, host, ip);
  uv_freeaddrinfo(list);
  l->next++;
  look_up_next(l);
}

static bool is_path(const char *host) { return !*host || *host == '/' || *host == '@'; }

static void look_up_next(lookup *l) {
  static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
  char host[256];
  while (addr.info && entry(addr.names, l->next, false, host)) {
    if (!is_path(host) &&
        uv_getaddrinfo(worker_loop(), &l->req, on_addresses, host, NULL, &hints) == 0)
      return;
    if (is_path(host)) add_address(l, host, "");
    l->next++;
  }
  end_lookup(l, l->entries ? NULL : "the host name has no address");
}

void dbaddr_resolve(void *arg, unsigned epoch, dbaddr_done *done) {
  if (!addr.names || !*addr.names || value_of("hostaddr")) {
    done(arg, epoch, NULL);
    return;
  }
  lookup *l = calloc(1, sizeof *l);
  if (!l) {
    done(arg, epoch, "out of memory");
    return;
  }
  l->arg = arg;
  l->epoch = epoch;
  l->done = done;
  buf_init(&l->host, LIST_BYTES);
  buf_init(&l->hostaddr, LIST_BYTES);
  buf_init(&l->port, LIST_BYTES);
  look_up_next(l);
}

PGconn *dbaddr_connect(void) {
  const char *keys[PARAMS_MAX + 4], *values[PARAMS_MAX + 4];
  int n = 0;
  for (int i = 0; i < addr.n; i++) {
    bool replaced = strcmp(addr.keys[i], "host") == 0 || strcmp(addr.keys[i], "port") == 0;
    if (addr.host && replaced) continue;
    keys[n] = addr.keys[i];
    values[n++] = addr.values[i];
  }
  if (addr.host) {
    const char *found[][2] = {
        {"host", addr.host}, {"hostaddr", addr.hostaddr}, {"port", addr.port}};
    for (int i = 0; i < 3; i++) {
      keys[n] = found[i][0];
      values[n++] = found[i][1];
    }
  }
  keys[n] = values[n] = NULL;
  return PQconnectStartParams(keys, values, 0);
}
