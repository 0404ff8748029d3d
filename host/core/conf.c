/* SPDX-License-Identifier: MIT
 * conf.c -- see conf.h: where settings come from, weakest first: defaults, one file, credentials,
 * the environment, the command line.  Owns the values (conftable.c holds them). */
#include "core/conf.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/confextra.h"
#include "core/conffile.h"
#include "core/confjson.h"
#include "core/conftable.h"
#include "core/confunit.h"
#include "core/dburl.h"

#define SYSTEM_SECRETS "/etc/human/secrets"
enum { WORKERS_AUTO_MAX = 4 };

static int failures; /* messages printed so far */

static FILE *out(void) {
  return confjson_out ? confjson_out : stderr;
}

/* A value read from a file (`export X="$(cat f; echo)"`) often ends with newlines or blanks. */
static void trim(char *text) {
  size_t n = strlen(text);
  while (n && strchr(" \t\r\n", text[n - 1])) text[--n] = 0;
}

static int assign_trimmed(conf_item *item, const char *text, const char *source, char *why, size_t n) {
  char *copy = strdup(text);
  if (!copy) return snprintf(why, n, "no memory"), -1;
  trim(copy);
  int failed = conf_assign(item, copy, source, why, n);
  free(copy);
  return failed;
}

static void assign(const char *name, const char *text, const char *source) {
  char why[160];
  conf_item *item = conf_find(name);
  if (item->rule->secret ? assign_trimmed(item, text, source, why, sizeof why)
                                : conf_assign(item, text, source, why, sizeof why)) {
    fprintf(out(), "%s: %s: %s\n", source, name, why);
    failures++;
  }
}

/* ---- places ---- */

const char *conf_user_home(void) {
  const char *home = getenv("HOME");
  if (home && *home == '/') return home;
  const struct passwd *user = getpwuid(getuid());
  return user ? user->pw_dir : "/";
}

/* The source tree that this binary was built in: X for X/build/human and X/build/asan/human. */
bool conf_checkout(char *out, size_t n) {
  char path[PATH_MAX];
  ssize_t k = readlink("/proc/self/exe", path, sizeof path - 1);
  if (k <= 0) return false;
  path[k] = 0;
  char *build = NULL;
  for (char *p = path; (p = strstr(p, "/build/")); p++) build = p;
  if (!build) return false;
  *build = 0;
  struct stat st;
  if (snprintf(out, n, "%s/scripts", path) >= (int)n || stat(out, &st) || !S_ISDIR(st.st_mode))
    return false;
  out[strlen(path)] = 0;
  return true;
}

bool conf_in_checkout(void) {
  char tree[PATH_MAX];
  return conf_checkout(tree, sizeof tree);
}

/* Replaces a value by what it means on this machine; its source stays the same. */
static int settle(const char *name, const char *value) {
  conf_item *item = conf_find(name);
  char why[64], source[sizeof item->source];
  memcpy(source, item->source, sizeof source);
  return conf_override(item, value, source, why, sizeof why);
}

/* Makes a path absolute: ~ and relative paths change their
 * meaning with the user or the directory. */
static int settle_path(const char *name) {
  char path[PATH_MAX], cwd[PATH_MAX];
  const char *given = conf_str(name);
  int n;
  if (!*given) return 0;
  if (*given == '~' && (given[1] == '/' || !given[1]))
    n = snprintf(path, sizeof path, "%s%s", conf_user_home(), given + 1);
  else if (*given == '/')
    n = snprintf(path, sizeof path, "%s", given);
  else
    n = snprintf(path, sizeof path, "%s/%s", getcwd(cwd, sizeof cwd) ? cwd : "", given);
  if (n < (int)sizeof path && !settle(name, path)) return 0;
  fprintf(out(), "%s: %s: the path is too long\n", conf_find(name)->source, name);
  return -1;
}

/* A user ID in Debian's range for people: not root, not a service. */
static bool is_person(void) {
  return geteuid() >= 1000 && geteuid() < 60000;
}

/* A person's own scripts come first; services have no such directory. */
static int settle_scripts(void) {
  char path[3 * PATH_MAX], tree[PATH_MAX], bin[PATH_MAX], own[PATH_MAX] = "";
  if (*conf_str("scripts")) return 0;
  bool in_checkout = conf_checkout(tree, sizeof tree);
  if (in_checkout || is_person()) snprintf(own, sizeof own, "%s/scripts:", conf_str("home"));
  if (in_checkout) {
    snprintf(path, sizeof path, "%s%s/scripts", own, tree);
    return settle("scripts", path);
  }
  ssize_t n = readlink("/proc/self/exe", bin, sizeof bin - 1);
  bin[n > 0 ? n : 0] = 0;
  char *prefix_end = strstr(bin, "/bin/human"); /* PREFIX of `make install` */
  if (prefix_end) *prefix_end = 0;
  snprintf(path, sizeof path, "%s/etc/human/scripts:%s/share/human/scripts", own,
           prefix_end ? bin : "/usr");
  return settle("scripts", path);
}

static bool is_loopback(const char *host) {
  return !strncmp(host, "127.", 4) || !strcmp(host, "::1") || !strcmp(host, "localhost");
}

static void settle_as(const char *name, const char *value, const char *like, const char *why_not) {
  char why[64], source[320];
  snprintf(source, sizeof source, "%.250s%s", conf_find(like)->source, why_not);
  conf_override(conf_find(name), value, source, why, sizeof why);
}

/* Some users know only the port and host of the gateway's block.  The plain `host` and `port` win
 * over them; gateway.host applies only on loopback or with gateway.allow_public_bind. */
static void settle_gateway(void) {
  const char *host = conf_str("gateway.host");
  bool public = conf_bool("gateway.allow_public_bind");
  if (conf_num("gateway.port") != 0 && !strcmp(conf_source("port"), "default"))
    settle_as("port", conf_str("gateway.port"), "gateway.port", "");
  if (!*host || strcmp(conf_source("host"), "default") != 0) return;
  if (public || is_loopback(host)) settle_as("host", host, "gateway.host", "");
  else settle_as("host", "127.0.0.1", "gateway.host", ", without gateway.allow_public_bind");
}

static void settle_workers(void) {
  conf_item *item = conf_find("workers");
  if (item->num > 0) return;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  item->num = cores < 1 ? 1 : cores > WORKERS_AUTO_MAX ? WORKERS_AUTO_MAX : (double)cores;
}

/* Text for a person at a terminal, JSON for a log collector. */
static int settle_log(void) {
  if (strcmp(conf_str("log.format"), "auto")) return 0;
  return settle("log.format", isatty(STDERR_FILENO) ? "text" : "json");
}

/* ---- credentials ---- */

/* The content of dir/name without its trailing newline;
 * NULL: no such file, or counted in `failures`. */
static const char *credential(const char *dir, const char *name, char *text, size_t n) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "re");
  if (!f) return NULL;
  size_t k = fread(text, 1, n, f);
  fclose(f);
  if (k == n) {
    fprintf(out(), "%s: is longer than a secret can be\n", path);
    failures++;
    return NULL;
  }
  text[k] = 0;
  if (strlen(text) != k) {
    fprintf(out(), "%s: holds a NUL byte: a secret is a line of text (UTF-8)\n", path);
    failures++;
    return NULL;
  }
  trim(text);
  return strncmp(text, "\xef\xbb\xbf", 3) ? text : text + 3; /* an editor's byte order mark */
}

/* systemd's LoadCredential=: files that only this process can read.  LoadCredential=human:DIRECTORY
 * loads every file in it and prefixes their names with "human_".  A command run from a shell (human
 * doctor, rules replay) does not get them, but root can read the files that they come from. */
static void load_credentials(void) {
  static const struct { const char *name, *setting; } known[] = {
      {"human_db-url", "database.url"},         {"human_direct-url", "database.direct_url"},
      {"human_admin", "api.admin_token"},       {"human_seal-key", "seal.key"},
      {"human_openai", "secrets.openai"},
      {"human_gemini", "secrets.gemini"},       {"human_anthropic", "secrets.anthropic"},
      {"human_llm", "secrets.llm"},             {"human_openrouter", "secrets.openrouter"},
      {"human_groq", "secrets.groq"},           {"human_mistral", "secrets.mistral"},
      {"human_deepseek", "secrets.deepseek"},   {"human_azure", "secrets.azure"},
  };
  const char *dir = getenv("CREDENTIALS_DIRECTORY");
  char text[4096], source[64];
  if ((!dir || !*dir) && conffile_is_system()) dir = SYSTEM_SECRETS;
  for (size_t i = 0; dir && *dir && i < sizeof known / sizeof *known; i++) {
    const char *name = known[i].name, *value = credential(dir, name, text, sizeof text);
    if (!value) value = credential(dir, name += sizeof "human_" - 1, text, sizeof text);
    snprintf(source, sizeof source, "credential %s", name);
    if (value && *value) assign(known[i].setting, value, source);
  }
}

/* ---- the environment ---- */

/* HUMAN_ variables that are no settings. */
static bool is_other_variable(const char *name) {
  static const char *const others[] = {"HUMAN_AGENT_KEY", "HUMAN_CONFIG", "HUMAN_HINTS"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (!strcmp(name, others[i])) return true;
  for (size_t i = 0; i < conf_count; i++) /* a setting's second name */
    if (conf_at(i)->rule->env && !strcmp(name, conf_at(i)->rule->env)) return true;
  return !strncmp(name, "HUMAN_TEST_", 11) || !strncmp(name, "HUMAN_SECRET_", 13);
}

/* ---- variables that an orchestrator sets for a service called "human" ---- */

static struct {
  char names[512];
  size_t n;
  int count;
} services;

static bool is_service_url(const char *value) {
  return !strncmp(value, "tcp://", 6) || !strncmp(value, "udp://", 6) || !strncmp(value, "sctp://", 7);
}

/* ..PORT_3000_TCP, ..PORT_3000_TCP_ADDR, _PORT and _PROTO. */
static bool is_service_port(const char *name) {
  static const char *const ends[] = {"TCP", "UDP", "SCTP"};
  const char *p = strstr(name, "_PORT_");
  size_t n = p ? strspn(p + 6, "0123456789") : 0;
  if (!n || p[6 + n] != '_') return false;
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    size_t k = strlen(ends[i]);
    if (!strncmp(p + 7 + n, ends[i], k) && (!p[7 + n + k] || p[7 + n + k] == '_')) return true;
  }
  return false;
}

/* Kubernetes, and Docker for links, set them in every
 * container beside a service "human" or "human-agent". */
static bool is_service_variable(const char *name, const char *value) {
  return is_service_url(value) || is_service_port(name) || strstr(name, "_SERVICE_HOST") ||
         strstr(name, "_SERVICE_PORT") || !strncmp(name, "HUMAN_ENV_", 10) ||
         (!strcmp(name, "HUMAN_NAME") && *value == '/');
}

static void note_service(const char *name) {
  services.count++;
  if (services.n + strlen(name) + 8 > sizeof services.names) return;
  services.n += (size_t)snprintf(services.names + services.n, sizeof services.names - services.n, "%s%s",
                                 services.n ? ", " : "", name);
}

static void tell_services(void) {
  if (services.count)
    fprintf(out(), "environment: %s%s: of a service (Kubernetes, Docker links), no settings: ignored\n",
            services.names, strlen(services.names) + 64 > sizeof services.names ? " and more" : "");
}

/* ---- all variables ---- */

/* A service address (tcp://...) is never the value of a setting that is not text. */
static bool is_for(const conf_rule *rule, const char *value) {
  return rule->type == CONF_TEXT || !is_service_url(value);
}

static void load_variable(const char *name, size_t n) {
  char text[128], candidate[128];
  const char *value = name + n + 1;
  if (n >= sizeof text || !name[n]) return;
  memcpy(text, name, n);
  text[n] = 0;
  for (size_t i = 0; i < conf_count; i++) {
    conf_env_name(conf_at(i)->rule->name, candidate, sizeof candidate);
    if (strcmp(candidate, text) != 0) continue;
    if (!is_for(conf_at(i)->rule, value)) note_service(text);
    else if (*value) assign(conf_at(i)->rule->name, value, text);
    return;
  }
  if (is_other_variable(text)) return;
  if (is_service_variable(text, value)) note_service(text);
  else confextra_variable(text);
}

/* An empty variable counts as unset.  HUMAN_DATABASE_URL wins over DATABASE_URL. */
static void load_environment(void) {
  for (size_t i = 0; i < conf_count; i++) {
    const conf_rule *rule = conf_at(i)->rule;
    char *value = rule->env ? getenv(rule->env) : NULL;
    if (!value) continue;
    trim(value);
    if (*value) assign(rule->name, value, rule->env);
  }
  services.count = 0;
  services.names[services.n = 0] = 0;
  for (char **e = environ; *e; e++) {
    if (strncmp(*e, "HUMAN_", 6) != 0) continue;
    trim(*e);
    load_variable(*e, strcspn(*e, "="));
  }
  tell_services();
}

/* ---- settings that depend on each other ---- */

static void load_flags(const char *const *flags) {
  for (; flags && flags[0]; flags += 2) {
    char source[80], shown[64];
    snprintf(shown, sizeof shown, "%s", flags[0]);
    for (char *p = shown; *p; p++)
      if (*p == '_') *p = '-';
    bool known = conf_find(flags[0]), direct = known && !strchr(shown, '.');
    snprintf(source, sizeof source, direct ? "--%s" : "--set", shown);
    if (known) assign(flags[0], flags[1], source);
    else confextra_flag(flags[0], flags[1]);
  }
}

static bool is_in_file(const char *name) {
  size_t n = strlen(conffile_path());
  return n && !strncmp(conf_source(name), conffile_path(), n);
}

/* Refuses a URL that can never work now, before anything waits for the database. */
static void check_databases(void) {
  static const char *const urls[] = {"database.url", "database.direct_url"};
  char why[240];
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    const conf_item *item = conf_find(urls[i]);
    if (!dburl_check(item->value, why, sizeof why)) continue;
    fprintf(out(), "%s: %s: %s\n", item->source, urls[i], why);
    failures++;
  }
  if (strcmp(conf_str("database.pooler"), "none") != 0 && !*conf_str("database.direct_url")) {
    fprintf(out(), "%s: database.pooler: needs database.direct_url, the way past the pooler (LISTEN and"
            " migrations have no place in it)\n", conf_find("database.pooler")->source);
    failures++;
  }
}

static void check_together(void) {
  check_databases();
  if (conf_num("gateway.port") != 0 && conf_num("gateway.port") != conf_num("port") &&
      is_in_file("port") && is_in_file("gateway.port")) {
    fprintf(out(), "%s: gateway.port: must not differ from port (%.0f)\n", conf_source("gateway.port"),
            conf_num("port"));
    failures++;
  }
  if (conf_num("port") == conf_num("agent_port")) {
    fprintf(out(), "%s: agent_port: must differ from port (%.0f); 0 turns it off\n",
            conf_find("agent_port")->source, conf_num("port"));
    failures++;
  }
  double plain = conf_num("tls.redirect_port");
  if (plain != 0 && (plain == conf_num("port") || plain == conf_num("agent_port"))) {
    fprintf(out(), "%s: tls.redirect_port: must differ from port and agent_port; 0 turns it off\n",
            conf_find("tls.redirect_port")->source);
    failures++;
  }
}

int conf_load(const char *const *flags) {
  failures = 0;
  confextra_clear();
  for (size_t i = 0; i < conf_count; i++)
    assign(conf_at(i)->rule->name, conf_at(i)->rule->fallback, "default");
  failures += conffile_load(assign);
  load_credentials();
  load_environment();
  load_flags(flags);
  if (failures) return -1;
  settle_gateway();
  check_together();
  settle_workers();
  if (settle_path("home") || settle_path("exec.root") || settle_path("search.weights")) return -1;
  if (settle_scripts() || settle_log()) return -1;
  return failures ? -1 : 0;
}

int conf_again(const buf *text, buf *restart, char *why, size_t n) {
  char *said = NULL;
  size_t said_n = 0;
  confjson_out = open_memstream(&said, &said_n);
  int wrong = conffile_again(text, restart);
  if (confjson_out) fclose(confjson_out);
  confjson_out = NULL;
  while (said_n && said[said_n - 1] == '\n') said[--said_n] = 0;
  if (wrong) snprintf(why, n, "%s", said ? said : "no memory");
  free(said);
  return wrong ? -1 : 0;
}

static const conf_item *must_find(const char *name) {
  const conf_item *item = conf_find(name);
  if (item && item->value) return item;
  fprintf(out(), "human: bug: there is no setting \"%s\"\n", name);
  abort();
}

const char *conf_str(const char *name) {
  return must_find(name)->value;
}

double conf_num(const char *name) {
  return must_find(name)->num;
}

bool conf_bool(const char *name) {
  return must_find(name)->num != 0;
}

int conf_set(const char *name, const char *value) {
  char why[160];
  if (!conf_override(conf_find(name), value, "set by the host", why, sizeof why)) return 0;
  fprintf(out(), "set by the host: %s: %s\n", name, why);
  return -1;
}

const char *conf_source(const char *name) {
  return must_find(name)->source;
}

bool conf_is_shared(const char *name) {
  const char *source = conf_source(name);
  return !strcmp(source, "default") || !strncmp(source, CONFFILE_SYSTEM ":", sizeof CONFFILE_SYSTEM);
}

static void print_value(const conf_item *item) {
  bool in_units = item->rule->type == CONF_INT && item->value[strspn(item->value, "0123456789")];
  if (item->rule->secret) printf("%s", *item->value ? "(set, not shown)" : "(not set)");
  else if (item->rule->type == CONF_TEXT) printf("\"%s\"", item->value);
  else if (in_units || item->rule->type == CONF_WORKERS) printf("%s (%.0f)", item->value, item->num);
  else printf("%s", item->value);
}

void conf_print(void) {
  for (size_t i = 0; i < conf_count; i++) {
    const conf_item *item = conf_at(i);
    printf("%-32s = ", item->rule->name);
    print_value(item);
    printf("   (%s)\n", item->source);
  }
}
