/* SPDX-License-Identifier: MIT
 * main.c -- the command line: picks the sub-command and its settings. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/native.h"
#include "cli/secret.h"
#include "core/conf.h"
#include "core/conftable.h"
#include "core/dumps.h"
#include "core/log.h"
#include "pg/pgembed.h"
#include "server/aside.h"
#include "server/broker.h"
#include "server/control.h"
#include "server/supervisor.h"

enum { FLAGS_MAX = 64, EXIT_USAGE = 2, PSQL_CONNECTIONS = 100 };

typedef enum {
  RUN_GATEWAY,
  RUN_LUA,
  RUN_LOOK, /* Lua that needs no scripts: it looks at a server, or talks with one */
  RUN_CONTROL, RUN_PSQL, RUN_SECRET, RUN_VERSION, RUN_HELP
} run_kind;

typedef struct {
  const char *name, *help;
  run_kind run;
  bool database; /* needs one, whatever its arguments */
  enum {
    NO_ARGUMENTS,
    OWN_ARGUMENTS,    /* parsed by Lua; --help among them is ours */
    FOREIGN_ARGUMENTS /* passed to another program unread */
  } rest;
} command;

static const command commands[] = {
    {"gateway", "start the server: all APIs, and a private database when none is configured",
     RUN_GATEWAY, true, NO_ARGUMENTS},
    {"onboard", "set up a model and a first channel, then talk: every question has a flag", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"agent", "talk to an agent of a running server (-m TEXT: one message, then exit)", RUN_LOOK,
     false, OWN_ARGUMENTS},
    {"pair", "pair a device or a browser with the gateway: pair [--list|--revoke ID]", RUN_LOOK, false,
     OWN_ARGUMENTS},
    {"devices", "devices that are paired with the gateway: devices [list|revoke ID]", RUN_LOOK, false,
     OWN_ARGUMENTS},
    {"sessions", "conversations of the gateway: sessions [list|show KEY|delete KEY]", RUN_LOOK, false,
     OWN_ARGUMENTS},
    {"approvals", "what waits for a permission: approvals [list|allow ID|deny ID]", RUN_LOOK, false,
     OWN_ARGUMENTS},
    {"cron", "jobs by the clock: cron [list|add WHEN WHAT|remove ID|run ID|runs ID|pause ID|resume ID]",
     RUN_LOOK, false, OWN_ARGUMENTS},
    {"channels", "chats: channels [list|people|approve CODE|deny CODE|probe CHANNEL|..]", RUN_LOOK, false,
     OWN_ARGUMENTS},
    {"skills", "texts that the agent follows: skills [list|show NAME|install URL|enable NAME|..]",
     RUN_LOOK, false, OWN_ARGUMENTS},
    {"tools", "what the agent may call: tools [list|show NAME|allow NAME|forbid NAME|refresh]", RUN_LOOK,
     false, OWN_ARGUMENTS},
    {"logs", "what the server logs (-f: as it happens)", RUN_LOOK, false, OWN_ARGUMENTS},
    {"reload", "put changed scripts in force on all workers, or say why not", RUN_CONTROL, false,
     NO_ARGUMENTS},
    {"status", "how a running server is: workers, scripts, traffic", RUN_LOOK, false,
     OWN_ARGUMENTS},
    {"top", "the same, live", RUN_LOOK, false, OWN_ARGUMENTS},
    {"doctor", "what is wrong with this installation, and how to put it right", RUN_LOOK, false,
     OWN_ARGUMENTS},
    {"rules", "rules list | show NAME | examples [NAME] | replay [FILE]", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"queue", "work that waits, runs or was given up: queue [list|show ID|retry ID|drop ID]", RUN_LUA,
     false, OWN_ARGUMENTS},
    {"clock", "the time by which things come due (for tests: clock advance 3d)", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"ledger", "the marketplace's books: ledger [check|explain|export|findings|settle|..]", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"market", "the marketplace: market [admin|member EMAIL|ACTOR_ID, admins]", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"demo", "a small economy of offline agents, live: demo market", RUN_LOOK, false, OWN_ARGUMENTS},
    {"audit", "the marketplace's audit trail: audit [verify|export]", RUN_LUA, false, OWN_ARGUMENTS},
    {"override", "copy a shipped script into your own directory, to be edited: override FILE",
     RUN_LUA, false, OWN_ARGUMENTS},
    {"overrides", "list what your directory overrides (--diff: what changed)", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"new", "write a small script to start from: new rule|route|channel NAME", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"model", "a small language model of your own: model install|serve small", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"migrate", "bring the database's schema up to date", RUN_LUA, true, NO_ARGUMENTS},
    {"check", "check [DIR]: load all scripts (DIR before the shipped ones) and run their examples",
     RUN_LUA, false, OWN_ARGUMENTS},
    {"test", "run specs, without a server: test PATH..", RUN_LUA, true, FOREIGN_ARGUMENTS},
    {"openapi", "print the OpenAPI description of all routes, or of one API; --markdown for people",
     RUN_LUA, false, OWN_ARGUMENTS},
    {"psql", "a psql on the database of the server, with psql's own arguments", RUN_PSQL, true,
     FOREIGN_ARGUMENTS},
    {"ping", "does the server of this home answer, and how is it", RUN_LOOK, false, OWN_ARGUMENTS},
    {"config", "all settings, and where each came from; config get|set|unset NAME", RUN_LUA, false,
     OWN_ARGUMENTS},
    {"completion", "what a shell needs to complete commands: completion bash|zsh|fish", RUN_LOOK, false,
     OWN_ARGUMENTS},
    {"secret", "keep secrets, sealed: secret set|list|remove|rotate", RUN_SECRET, false, OWN_ARGUMENTS},
    {"version", "print the version", RUN_VERSION, false, NO_ARGUMENTS},
    {"help", "print this; help COMMAND: what that one does, and its exit status", RUN_HELP, false,
     OWN_ARGUMENTS},
};

/* Flags that are settings. */
static const struct { const char *flag, *setting; } flags[] = {
    {"--port", "port"},       {"--agent-port", "agent_port"}, {"--host", "host"},
    {"--scripts", "scripts"}, {"--workers", "workers"},       {"--log-level", "log.level"},
    {"--control-ui", "gateway.control_ui_dir"},
};

typedef struct {
  const command *command;
  const char *settings[2 * FLAGS_MAX + 1]; /* name, value, .., NULL */
  int n_settings;
  bool wants_help, only_checks, as_json; /* only_checks: of `human gateway`; as_json: see takes_json */
  char **rest;
  int n_rest;
} cli;

static int help(const char *about) {
  const char *text;
  size_t n = about ? help_find(about, &text) : 0;
  if (n) return printf("%.*s", (int)n, text), 0;
  printf("usage: human [COMMAND] [FLAGS]\n\ncommands:\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    printf("  %-10s %s\n", commands[i].name, commands[i].help);
  printf("\nflags:\n"
         "  --port N, --agent-port N   where to listen (3000 and 4009; agent port 0: off)\n"
         "  --host ADDRESS             on which address (127.0.0.1)\n"
         "  --scripts DIR[:DIR..]      where the scripts are; the first one wins\n"
         "  --workers N|auto           how many processes serve\n"
         "  --control-ui DIR           a directory to serve as the page of the gateway\n"
         "  --watch                    reload whenever a script changes (development)\n"
         "  --log-level LEVEL          error, warn, info or debug\n"
         "  --set NAME=VALUE           any setting; `human config` lists them\n"
         "  --help                     what a command does: human COMMAND --help\n");
  return 0;
}

static const char *command_name(size_t i) {
  return i < sizeof commands / sizeof *commands ? commands[i].name : NULL;
}

static const char *nth_command(size_t i, const char **about) {
  if (i < sizeof commands / sizeof *commands) *about = commands[i].help;
  return command_name(i);
}

static const char *flag_name(size_t i) {
  static const char *const others[] = {"--set", "--watch", "--check", "--help", "--version", NULL};
  const size_t n = sizeof flags / sizeof *flags;
  return i < n ? flags[i].flag : others[i - n];
}

/* nth: the words to suggest from; NULL: none. */
static int usage(const char *what, const char *word, const char *(*nth)(size_t i)) {
  int near = nth ? conf_closest(word, nth) : -1;
  fprintf(stderr, "human: %s%s", what, word);
  if (near >= 0) fprintf(stderr, " (did you mean %s?)", nth((size_t)near));
  fprintf(stderr, "\nTry `human help`.\n");
  return EXIT_USAGE;
}

static const command *find_command(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (!strcmp(commands[i].name, name)) return &commands[i];
  return NULL;
}

static int add_setting(cli *c, const char *name, const char *value) {
  if (c->n_settings == 2 * FLAGS_MAX) return usage("too many flags", "", NULL);
  c->settings[c->n_settings++] = name;
  c->settings[c->n_settings++] = value;
  return 0;
}

/* NAME=VALUE; splits the text in place: argv is ours. */
static int add_pair(cli *c, char *pair) {
  char *equal = strchr(pair, '=');
  if (!equal || equal == pair) return usage("--set needs NAME=VALUE, not ", pair, NULL);
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

/* A directory that was named in a shell is below its own directory, not below the home. */
static const char *from_here(const char *setting, const char *value) {
  static char path[PATH_MAX];
  char here[PATH_MAX];
  bool is_directory = !strcmp(setting, "gateway.control_ui_dir") && *value;
  if (!is_directory || *value == '/' || !getcwd(here, sizeof here)) return value;
  int n = snprintf(path, sizeof path, "%s/%s", here, value);
  return n < 0 || (size_t)n >= sizeof path ? value : path;
}

/* 0: consumed; 1: not one of our flags; EXIT_USAGE: a message has been printed. */
static int take_flag(cli *c, char **argv, int *i) {
  bool missing;
  char *value = flag_value("--set", argv, i, &missing);
  if (value) return add_pair(c, value);
  for (size_t k = 0; !missing && k < sizeof flags / sizeof *flags; k++) {
    value = flag_value(flags[k].flag, argv, i, &missing);
    if (value) return add_setting(c, flags[k].setting, from_here(flags[k].setting, value));
  }
  return missing ? usage("a value is missing after ", argv[*i], NULL) : 1;
}

/* Of commands that take no other arguments. */
static bool takes_json(const command *of) {
  return of->run == RUN_VERSION || of->run == RUN_CONTROL || !strcmp(of->name, "migrate");
}

/* A flag that is no setting; 1: not one of ours. */
static int take_switch(cli *c, const char *word) {
  bool foreign = c->command && c->command->rest == FOREIGN_ARGUMENTS;
  if (!strcmp(word, "--watch")) return add_setting(c, "reload.watch", "true");
  if (foreign) return 1;
  if (!strcmp(word, "--help") || !strcmp(word, "-h")) return c->wants_help = true, 0;
  bool gateway = !c->command || c->command->run == RUN_GATEWAY;
  if (gateway && !strcmp(word, "--check")) return c->only_checks = true, 0;
  bool has_json = (gateway && c->only_checks) || (c->command && takes_json(c->command));
  if (has_json && !strcmp(word, "--json")) return c->as_json = true, 0;
  if (c->command || strcmp(word, "--version") != 0) return 1;
  c->command = find_command("version");
  return 0;
}

static int take_word(cli *c, char *word) {
  if (!c->command && word[0] != '-') {
    c->command = find_command(word);
    return c->command ? 0 : usage("unknown command: ", word, command_name);
  }
  int taken = take_switch(c, word);
  if (taken != 1) return taken;
  if (!c->command || c->command->rest == NO_ARGUMENTS)
    return word[0] == '-' ? usage("unknown flag: ", word, flag_name)
                          : usage("unexpected argument: ", word, NULL);
  c->rest[c->n_rest++] = word;
  return 0;
}

/* Everything after "--" belongs to the command, whatever it looks like. */
static int take_rest(cli *c, char **argv) {
  if (c->command && c->command->rest == FOREIGN_ARGUMENTS) argv++;
  for (; *argv; argv++) {
    if (!c->command || c->command->rest == NO_ARGUMENTS) {
      if (strcmp(*argv, "--") != 0) return usage("unexpected argument: ", *argv, NULL);
    } else {
      c->rest[c->n_rest++] = *argv;
    }
  }
  return 0;
}

static int parse_words(cli *c, int argc, char **argv) {
  c->rest = argv; /* never more than have been read, so they fit into argv itself */
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--")) return take_rest(c, argv + i);
    int taken = take_flag(c, argv, &i);
    if (taken == 1) taken = take_word(c, argv[i]);
    if (taken) return taken;
  }
  return 0;
}

static int parse(cli *c, int argc, char **argv) {
  int failed = parse_words(c, argc, argv);
  if (!c->command) c->command = find_command(c->wants_help ? "help" : "gateway");
  if (!failed && c->only_checks && c->command->run != RUN_GATEWAY && !c->wants_help)
    return usage("--check is a flag of `human gateway`", "", NULL);
  return failed;
}

/* Options that psql answers without a database, if they come first. */
static bool asks_psql_alone(const cli *c) {
  static const char *const alone[] = {"--help", "--version", "-?", "-V"};
  for (size_t i = 0; c->n_rest && i < sizeof alone / sizeof *alone; i++)
    if (!strcmp(c->rest[0], alone[i])) return true;
  return c->n_rest && !strncmp(c->rest[0], "--help=", 7);
}

/* psql owns the terminal: Ctrl-C there cancels a query and must not end us. */
static int psql(const cli *c) {
  const char *args[FLAGS_MAX] = {"psql", NULL};
  char limit[16];
  bool alone = asks_psql_alone(c), own = !alone && !*conf_str("database.url");
  int status = 0, n = 0;
  if (c->n_rest > FLAGS_MAX - 4) return usage("too many arguments", "", NULL);
  if (own && pgembed_start(PSQL_CONNECTIONS, true)) return 1;
  signal(SIGINT, SIG_IGN);
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (!alone) args[++n] = "-d", args[++n] = conf_str("database.url");
    snprintf(limit, sizeof limit, "%d", (int)(conf_num("database.connect_timeout_ms") + 999) / 1000);
    setenv("PGCONNECT_TIMEOUT", limit, 0); /* per host: if one drops packets, the next is tried */
    for (int i = 0; i < c->n_rest; i++) args[++n] = c->rest[i];
    execvp("psql", (char *const *)(uintptr_t)args);
    fprintf(stderr, "psql: %s\n", strerror(errno));
    _exit(127);
  }
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (own) pgembed_stop();
  return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* `human help` and `human COMMAND --help`. */
static int answer_help(const cli *c) {
  if (c->command->run != RUN_HELP) return help(c->command->name);
  if (c->n_rest > 1) return usage("unexpected argument: ", c->rest[1], NULL);
  if (c->n_rest && !find_command(c->rest[0]))
    return usage("unknown command: ", c->rest[0], command_name);
  return help(c->n_rest ? c->rest[0] : NULL);
}

/* What would be refused, or would not work, without starting anything. */
static int check_gateway(bool as_json) {
  static char flag[] = "--json", *arguments[] = {flag, NULL};
  return command_look("gateway", as_json, arguments);
}

/* Commands without arguments have at most this one. */
static int run_script(const cli *c) {
  static char flag[] = "--json", *json[] = {flag, NULL};
  const command *of = c->command;
  bool own = of->rest == NO_ARGUMENTS;
  if (of->run == RUN_CONTROL) return c->as_json ? command_look(of->name, 1, json) : control_ask(of->name);
  return command_run(of->name, own ? c->as_json : c->n_rest, own ? json : c->rest, of->database);
}

static int run(const cli *c) {
  if (c->wants_help || c->command->run == RUN_HELP) return answer_help(c);
  if (c->command->run == RUN_VERSION)
    return printf(c->as_json ? "{\"version\":\"%s\"}\n" : "human %s\n", HUMAN_VERSION), 0;
  if (conf_load(c->settings)) return EXIT_USAGE;
  if (!conf_bool("core_dumps")) dumps_forbid();
  log_init();
  switch (c->command->run) {
  case RUN_PSQL: return psql(c);
  case RUN_SECRET: return secret_command(c->n_rest, c->rest);
  case RUN_CONTROL:
  case RUN_LUA: return run_script(c);
  case RUN_LOOK: return command_look(c->command->name, c->n_rest, c->rest);
  default:
    aside_native = native_register;
    return c->only_checks ? check_gateway(c->as_json) : supervisor_run();
  }
}

/* The next file or socket would get the number of a closed descriptor, and our output with it. */
static void open_standard(void) {
  static const int modes[] = {O_RDWR, O_RDONLY, O_RDWR}; /* stdout read-only: writing must fail */
  for (int fd = 0; fd <= STDERR_FILENO; fd++)
    while (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) >= 0) continue;
}

/* Not an error worth reporting: the reader has closed the pipe itself. */
static bool reader_has_left(void) {
  struct pollfd out = {.fd = STDOUT_FILENO};
  return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

/* A command whose output could not be written has failed. */
static int after_output(int code) {
  errno = 0;
  if (!fflush(stdout) && !ferror(stdout)) return code;
  const char *why = errno ? strerror(errno) : "could not be written";
  if (!reader_has_left()) fprintf(stderr, "human: standard output: %s\n", why);
  return code ? code : 1;
}

int main(int argc, char **argv) {
  cli c = {0};
  open_standard();
  help_commands(nth_command);
  if (broker_is_meant(argc, argv)) return broker_main(argv);
  signal(SIGPIPE, SIG_IGN);
  int failed = parse(&c, argc, argv);
  return failed ? failed : after_output(run(&c));
}
