/* SPDX-License-Identifier: MIT
 * conftable.c -- see conftable.h.  Members of one group are adjacent: confpack_all relies on it.
 * etc/human.json describes them to people; keep the two in step. */
#include "core/conftable.h"
#include "core/confunit.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/peer.h"

#define TEXT(name, fallback) {name, CONF_TEXT, fallback, 0, 0, NULL, NULL, false}
#define INT(name, fallback, min, max) {name, CONF_INT, fallback, min, max, NULL, NULL, false}
#define CHOICE(name, fallback, choices) {name, CONF_CHOICE, fallback, 0, 0, choices, NULL, false}
#define SECRET(name, env) {name, CONF_TEXT, "", 0, 0, NULL, env, true}

static const double MS_MAX = 86400000, BYTES_MAX = 1073741824;

static const conf_rule rules[] = {
    TEXT("host", "127.0.0.1"),
    INT("port", "3000", 1, 65535),
    INT("agent_port", "4009", 0, 65535),
    {"workers", CONF_WORKERS, "auto", 1, 16, NULL, NULL, false},
    TEXT("home", "~/.human"),
    TEXT("scripts", ""),
    TEXT("overrides", "marketplace/rules/**, agent/**, gateway/channels/**, api/local/**, api/errors.lua, "
                      "api/*/errors.lua"),
    {"strict_overrides", CONF_BOOL, "false", 0, 0, NULL, NULL, false},
    {"jit", CONF_BOOL, "true", 0, 0, NULL, NULL, false},
    {"core_dumps", CONF_BOOL, "false", 0, 0, NULL, NULL, false},
    INT("stop_notice_ms", "0", 0, MS_MAX),

    SECRET("database.url", "DATABASE_URL"),
    SECRET("database.direct_url", NULL),
    CHOICE("database.pooler", "none", "none|transaction"),
    INT("database.pool", "8", 1, 64),
    INT("database.statement_timeout_ms", "5000", 1, MS_MAX),
    INT("database.lease_timeout_ms", "10000", 1, MS_MAX),
    INT("database.connect_timeout_ms", "5000", 1, MS_MAX),
    INT("database.migrate_timeout_ms", "0", 0, MS_MAX),

    INT("limits.body_bytes", "1048576", 1024, BYTES_MAX),
    INT("limits.head_bytes", "16384", 1024, 1048576),
    INT("limits.head_timeout_ms", "10000", 1, MS_MAX),
    INT("limits.body_timeout_ms", "10000", 1, MS_MAX),
    INT("limits.keepalive_timeout_ms", "75000", 1, MS_MAX),
    INT("limits.request_timeout_ms", "30000", 1, MS_MAX),
    INT("limits.connections", "20000", 1, 1000000),
    INT("limits.ws_message_bytes", "1048576", 1024, BYTES_MAX),
    INT("limits.ws_queue_bytes", "1048576", 1024, BYTES_MAX),
    INT("limits.drain_timeout_ms", "30000", 0, MS_MAX),
    INT("limits.arriving_bytes", "268435456", 1048576, 17179869184),
    INT("limits.lua_memory_bytes", "268435456", 16777216, 2147483648),
    INT("limits.lua_soft_bytes", "167772160", 8388608, 2147483648),
    INT("limits.script_soft_ms", "20", 1, 10000),
    INT("limits.script_hard_ms", "2000", 100, 600000),
    INT("limits.awaits", "1000", 1, 1000000),
    INT("limits.ops", "64", 1, 4096),
    INT("limits.tasks", "20000", 100, 1000000),
    INT("limits.auth_failures", "60", 1, 1000000),
    INT("limits.recheck_ms", "30000", 100, MS_MAX),
    INT("limits.list_bytes", "1048576", 1024, 4194304),
    INT("limits.upload_spool_bytes", "4294967296", 1048576, 1e15),
    INT("limits.upload_free_bytes", "268435456", 0, 1e15),

    INT("reload.timeout_ms", "10000", 100, MS_MAX),
    INT("reload.grace_ms", "60000", 0, MS_MAX),
    {"reload.watch", CONF_BOOL, "false", 0, 0, NULL, NULL, false},
    {"time.test_clock", CONF_BOOL, "false", 0, 0, NULL, NULL, false},

    TEXT("tls.certificate", ""),
    TEXT("tls.key", ""),
    TEXT("tls.directory", ""),
    CHOICE("tls.min_version", "1.2", "1.2|1.3"),
    INT("tls.redirect_port", "0", 0, 65535),
    INT("tls.public_port", "0", 0, 65535),
    INT("tls.hsts_s", "0", 0, 315360000),

    CHOICE("log.level", "info", "error|warn|info|debug"),
    CHOICE("log.format", "auto", "auto|text|json"),
    CHOICE("log.requests", "all", "all|errors|slow|none"),
    INT("log.slow_ms", "1000", 1, MS_MAX),

    CHOICE("api.user_management", "auto", "auto|open|token"),
    CHOICE("api.internals", "auto", "auto|open|token"),
    SECRET("api.admin_token", NULL),

    INT("socketio.ping_interval_ms", "25000", 100, MS_MAX),
    INT("socketio.ping_timeout_ms", "20000", 100, MS_MAX),
    INT("socketio.recovery_ms", "120000", 0, MS_MAX),
    INT("socketio.max_sockets_per_agent", "100", 1, 100000),

    TEXT("files.workspace", ""),
    TEXT("files.skills", ""),
    TEXT("files.uploads", ""),
    TEXT("files.releases", ""),

    TEXT("search.weights", ""),
    INT("search.listings", "100000", 0, 500000),

    {"http.trusted_proxies", CONF_NETWORKS, "", 0, 0, NULL, NULL, false},
    {"http.hosts", CONF_HOSTS, "", 0, 0, NULL, NULL, false},
    CHOICE("http.proxy_protocol", "off", "off|on|port|agent_port"),

    {"egress.allow", CONF_NETWORKS, "", 0, 0, NULL, NULL, false},
    INT("egress.per_host", "32", 1, 256),

    TEXT("cors.origins", "*"),

    {"exec.enabled", CONF_BOOL, "true", 0, 0, NULL, NULL, false},
    TEXT("exec.root", ""),
    TEXT("exec.path", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    INT("exec.processes", "64", 1, 1024),

    {"gateway.allow_public_bind", CONF_BOOL, "false", 0, 0, NULL, "HUMAN_ALLOW_PUBLIC_BIND", false},
    TEXT("gateway.host", ""),
    INT("gateway.port", "0", 0, 65535),

    INT("decisions.keep_days", "30", 1, 3650),

    SECRET("seal.key", NULL),

    SECRET("secrets.openai", "OPENAI_API_KEY"),
    SECRET("secrets.anthropic", "ANTHROPIC_API_KEY"),
    SECRET("secrets.gemini", "GEMINI_API_KEY"),
    SECRET("secrets.openrouter", "OPENROUTER_API_KEY"),
    SECRET("secrets.groq", "GROQ_API_KEY"),
    SECRET("secrets.mistral", "MISTRAL_API_KEY"),
    SECRET("secrets.deepseek", "DEEPSEEK_API_KEY"),
    SECRET("secrets.azure", "AZURE_OPENAI_API_KEY"),
    SECRET("secrets.llm", "HUMAN_LLM_KEY"),
};

const size_t conf_count = sizeof rules / sizeof *rules;
static conf_item items[sizeof rules / sizeof *rules];

conf_item *conf_at(size_t i) {
  items[i].rule = &rules[i];
  return &items[i];
}

conf_item *conf_find(const char *name) {
  for (size_t i = 0; i < conf_count; i++)
    if (!strcmp(rules[i].name, name)) return conf_at(i);
  return NULL;
}

size_t conf_index(const conf_item *item) {
  return (size_t)(item - items);
}

/* ---- valid values ---- */

static int parse_int(const conf_rule *rule, const char *text, double *num, char *why, size_t n) {
  const char *examples = confunit_examples(rule->name);
  bool is_number = !confunit_parse(rule->name, text, num);
  if (is_number && *num == floor(*num) && *num >= rule->min && *num <= rule->max) return 0;
  snprintf(why, n, "must be a whole number from %.0f to %.0f%s%s", rule->min, rule->max,
           examples ? ", or " : "", examples ? examples : "");
  return -1;
}

static int parse_bool(const char *text, double *num, char *why, size_t n) {
  *num = !strcmp(text, "true") || !strcmp(text, "1");
  if (*num != 0 || !strcmp(text, "false") || !strcmp(text, "0")) return 0;
  snprintf(why, n, "must be true or false");
  return -1;
}

static bool is_choice(const char *choices, const char *text) {
  size_t n = strlen(text);
  for (const char *p = choices;; p++) {
    size_t k = strcspn(p, "|");
    if (k == n && !strncmp(p, text, n)) return true;
    p += k;
    if (!*p) return false;
  }
}

static int parse_choice(const conf_rule *rule, const char *text, char *why, size_t n) {
  if (is_choice(rule->choices, text)) return 0;
  const char *choices = rule->choices + (*rule->choices == '|');
  size_t k = (size_t)snprintf(why, n, "must be one of ");
  for (; *choices && k + 3 < n; choices++) {
    if (*choices == '|') why[k++] = ',', why[k++] = ' ';
    else why[k++] = *choices;
  }
  why[k] = 0;
  return -1;
}

static int parse_workers(const conf_rule *rule, const char *text, double *num, char *why,
                         size_t n) {
  *num = 0;
  if (!strcmp(text, "auto")) return 0;
  if (!parse_int(rule, text, num, why, n)) return 0;
  snprintf(why, n, "must be \"auto\" or a whole number from %.0f to %.0f", rule->min, rule->max);
  return -1;
}

static int parse_hosts(const char *text, char *why, size_t n) {
  size_t k = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[], ");
  if (!text[k]) return 0;
  snprintf(why, n, "must be names of hosts, separated by commas, without http:// or path");
  return -1;
}

int conf_check(const conf_rule *rule, const char *text, double *num, char *why, size_t n) {
  *num = 0;
  switch (rule->type) {
  case CONF_INT: return parse_int(rule, text, num, why, n);
  case CONF_BOOL: return parse_bool(text, num, why, n);
  case CONF_CHOICE: return parse_choice(rule, text, why, n);
  case CONF_WORKERS: return parse_workers(rule, text, num, why, n);
  case CONF_NETWORKS: return peer_check_networks(text, why, n);
  case CONF_HOSTS: return parse_hosts(text, why, n);
  case CONF_TEXT: break;
  }
  return 0;
}

int conf_override(conf_item *item, const char *text, const char *source, char *why, size_t why_n) {
  double num;
  if (conf_check(item->rule, text, &num, why, why_n)) return -1;
  char *copy = strdup(text);
  if (!copy) {
    snprintf(why, why_n, "out of memory");
    return -1;
  }
  free(item->value);
  item->value = copy;
  item->num = num;
  snprintf(item->source, sizeof item->source, "%s", source);
  return 0;
}

bool conf_differs(const conf_item *item, const char *text) {
  char why[160];
  double now, then;
  if (conf_check(item->rule, text, &now, why, sizeof why) ||
      conf_check(item->rule, item->given, &then, why, sizeof why))
    return true;
  if (item->rule->type == CONF_INT || item->rule->type == CONF_BOOL) return now != then;
  return strcmp(item->given, text) != 0;
}

int conf_assign(conf_item *item, const char *text, const char *source, char *why, size_t why_n) {
  if (conf_override(item, text, source, why, why_n)) return -1;
  char *copy = strdup(text);
  if (!copy) return snprintf(why, why_n, "out of memory"), -1;
  free(item->given);
  item->given = copy;
  snprintf(item->given_source, sizeof item->given_source, "%s", source);
  return 0;
}

/* ---- names ---- */

void conf_env_name(const char *name, char *out, size_t n) {
  snprintf(out, n, "HUMAN_%s", name);
  for (char *p = out; *p; p++) *p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
}

/* Levenshtein distance of names of at most 63 characters; longer names count as far apart. */
static size_t distance(const char *a, const char *b) {
  size_t row[64], n = strlen(b);
  if (n > 63 || strlen(a) > 63) return 64;
  for (size_t j = 0; j <= n; j++) row[j] = j;
  for (size_t i = 0; a[i]; i++) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 1; j <= n; j++) {
      size_t best = diagonal + (a[i] != b[j - 1]);
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[n];
}

int conf_closest(const char *typed, const char *(*nth)(size_t i)) {
  const char *name;
  int best = -1;
  size_t limit = strlen(typed) / 3 + 1;
  for (size_t i = 0; (name = nth(i)); i++) {
    size_t d = distance(typed, name);
    if (d >= limit) continue;
    best = (int)i;
    limit = d;
  }
  return best;
}
