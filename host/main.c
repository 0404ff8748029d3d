/* SPDX-License-Identifier: MIT
 * main.c -- the command line: which sub-command, which settings; everything else is elsewhere. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "conf.h"
#include "control.h"
#include "log.h"
#include "pgembed.h"
#include "sockets.h"
#include "supervisor.h"

enum { FLAGS_MAX = 64, EXIT_USAGE = 2, PSQL_CONNECTIONS = 100 };

typedef enum {
  RUN_GATEWAY, RUN_LUA, RUN_CONTROL, RUN_PING, RUN_PSQL, RUN_CONFIG, RUN_VERSION, RUN_HELP
} run_kind;

typedef struct {
  const char *name, *help;
  run_kind run;
  bool database; /* needs one; see needs_database() */
  bool rest;     /* takes arguments of its own, which Lua reads */
} command;

static const command commands[] = {
    {"gateway", "start the server: all APIs, and a private database when none is configured",
     RUN_GATEWAY, true, false},
    {"agent", "talk to an agent of a running server (-m TEXT: one message, then exit)", RUN_LUA,
     false, true},
    {"reload", "put changed scripts in force on all workers, or say why not", RUN_CONTROL, false,
     false},
    {"status", "how a running server is: workers, scripts, traffic", RUN_LUA, false, true},
    {"top", "the same, live", RUN_LUA, false, true},
    {"doctor", "what is wrong with this installation, and how to put it right", RUN_LUA, false,
     true},
    {"rules", "rules list | show NAME | examples [NAME] | replay FILE", RUN_LUA, true, true},
    {"override", "copy a shipped script into your own directory, to be edited: override FILE",
     RUN_LUA, false, true},
    {"overrides", "list what your directory overrides (--diff: what changed)", RUN_LUA, false,
     true},
    {"new", "write a small script to start from: new rule|route|channel NAME", RUN_LUA, false,
     true},
    {"migrate", "bring the database's schema up to date", RUN_LUA, true, false},
    {"check", "check [DIR]: load all scripts (DIR before the shipped ones) and run their examples",
     RUN_LUA, false, true},
    {"test", "run specs, without a server: test PATH..", RUN_LUA, true, true},
    {"openapi", "print the OpenAPI description of all routes", RUN_LUA, false, false},
    {"psql", "a psql on the database of the server, with psql's own arguments", RUN_PSQL, true, true},
    {"ping", "ask a running server how it is; exit status 0 when it is well", RUN_PING, false,
     false},
    {"config", "print all settings, and where each came from", RUN_CONFIG, false, false},
    {"version", "print the version", RUN_VERSION, false, false},
    {"help", "print this", RUN_HELP, false, false},
};

/* Flags that are settings. */
static const struct { const char *flag, *setting; } flags[] = {
    {"--port", "port"},       {"--agent-port", "agent_port"}, {"--host", "host"},
    {"--scripts", "scripts"}, {"--workers", "workers"},       {"--log-level", "log.level"},
};

typedef struct {
  const command *command;
  const char *settings[2 * FLAGS_MAX + 1]; /* name, value, .., NULL */
  int n_settings;
  char **rest;
  int n_rest;
} cli;

static void help(FILE *to) {
  fprintf(to, "usage: human [COMMAND] [FLAGS]\n\ncommands:\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].help);
  fprintf(to, "\nflags:\n"
              "  --port N, --agent-port N   where to listen (3000 and 4009; agent port 0: off)\n"
              "  --host ADDRESS             on which address (127.0.0.1)\n"
              "  --scripts DIR[:DIR..]      where the scripts are; the first one wins\n"
              "  --workers N|auto           how many processes serve\n"
              "  --watch                    reload whenever a script changes (development)\n"
              "  --log-level LEVEL          error, warn, info or debug\n"
              "  --set NAME=VALUE           any setting; `human config` lists them\n");
}

static int usage(const char *what, const char *word) {
  fprintf(stderr, "human: %s%s\nTry `human help`.\n", what, word);
  return EXIT_USAGE;
}

static const command *find_command(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (!strcmp(commands[i].name, name)) return &commands[i];
  return NULL;
}

static int add_setting(cli *c, const char *name, const char *value) {
  if (c->n_settings == 2 * FLAGS_MAX) return usage("too many flags", "");
  c->settings[c->n_settings++] = name;
  c->settings[c->n_settings++] = value;
  return 0;
}

/* NAME=VALUE; the text is cut in place, argv is ours. */
static int add_pair(cli *c, char *pair) {
  char *equal = strchr(pair, '=');
  if (!equal || equal == pair) return usage("--set needs NAME=VALUE, not ", pair);
  *equal = 0;
  return add_setting(c, pair, equal + 1);
}

/* The value of `flag` in argv[*i], as "--flag=v" or "--flag v"; NULL: another flag. */
static char *flag_value(const char *flag, char **argv, int *i, bool *missing) {
  size_t n = strlen(flag);
  *missing = false;
  if (strncmp(argv[*i], flag, n)) return NULL;
  if (argv[*i][n] == '=') return argv[*i] + n + 1;
  if (argv[*i][n]) return NULL;
  *missing = !argv[*i + 1];
  return *missing ? NULL : argv[++*i];
}

/* 0: taken; 1: no flag of ours; EXIT_USAGE: a message has been printed. */
static int take_flag(cli *c, char **argv, int *i) {
  bool missing;
  char *value = flag_value("--set", argv, i, &missing);
  if (value) return add_pair(c, value);
  for (size_t k = 0; !missing && k < sizeof flags / sizeof *flags; k++) {
    value = flag_value(flags[k].flag, argv, i, &missing);
    if (value) return add_setting(c, flags[k].setting, value);
  }
  return missing ? usage("a value is missing after ", argv[*i]) : 1;
}

static int take_word(cli *c, char *word) {
  if (!c->command && word[0] != '-') {
    c->command = find_command(word);
    return c->command ? 0 : usage("unknown command: ", word);
  }
  if (!strcmp(word, "--watch")) return add_setting(c, "reload.watch", "true");
  if (!strcmp(word, "--help") || !strcmp(word, "-h")) c->command = find_command("help");
  else if (!c->command && !strcmp(word, "--version")) c->command = find_command("version");
  else if (c->command && c->command->rest) c->rest[c->n_rest++] = word;
  else if (word[0] == '-') return usage("unknown flag: ", word);
  else return usage("unexpected argument: ", word);
  return 0;
}

static int parse(cli *c, int argc, char **argv) {
  c->rest = argv; /* fewer than have been read, so they fit into their own array */
  for (int i = 1; i < argc; i++) {
    int taken = take_flag(c, argv, &i);
    if (taken == 1) taken = take_word(c, argv[i]);
    if (taken) return taken;
  }
  if (!c->command) c->command = find_command("gateway");
  return 0;
}

static int ping(void) {
  char url[96];
  sockets_url("port", url, sizeof url);
  if (sockets_check_host()) return 1;
  int status = sockets_probe("/health");
  if (status < 0) printf("no answer from %s: %s\n", url, strerror(errno));
  else printf("%s/health answers %d\n", url, status);
  return status >= 200 && status < 300 ? 0 : 1;
}

/* The terminal belongs to psql: Ctrl-C there cancels a query and must not end us. */
static int psql(const cli *c) {
  const char *args[FLAGS_MAX] = {"psql", NULL};
  bool own = !*conf_str("database.url");
  int status = 0, n = 0;
  if (c->n_rest > FLAGS_MAX - 4) return usage("too many arguments", "");
  if (own && pgembed_start(PSQL_CONNECTIONS, true)) return 1;
  signal(SIGINT, SIG_IGN);
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGINT, SIG_DFL);
    args[++n] = "-d";
    args[++n] = conf_str("database.url");
    for (int i = 0; i < c->n_rest; i++) args[++n] = c->rest[i];
    execvp("psql", (char *const *)(uintptr_t)args);
    fprintf(stderr, "psql: %s\n", strerror(errno));
    _exit(127);
  }
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (own) pgembed_stop();
  return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Of `rules`, only replay reads what the database keeps.  boot.lua must agree. */
static bool needs_database(const cli *c) {
  if (strcmp(c->command->name, "rules")) return c->command->database;
  return c->n_rest > 0 && !strcmp(c->rest[0], "replay");
}

int main(int argc, char **argv) {
  cli c = {0};
  int failed = parse(&c, argc, argv);
  if (failed) return failed;
  if (c.command->run == RUN_HELP) return help(stdout), 0;
  if (c.command->run == RUN_VERSION) return printf("human %s\n", HUMAN_VERSION), 0;
  if (conf_load(c.settings)) return EXIT_USAGE;
  log_init();
  switch (c.command->run) {
  case RUN_PING: return ping();
  case RUN_PSQL: return psql(&c);
  case RUN_CONTROL: return control_ask(c.command->name);
  case RUN_CONFIG: return conf_print(), 0;
  case RUN_LUA: return command_run(c.command->name, c.n_rest, c.rest, needs_database(&c));
  default: return supervisor_run();
  }
}
