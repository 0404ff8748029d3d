/* SPDX-License-Identifier: MIT
 * command.c -- see command.h: which scripts a sub-command gets, and whether it gets a database.
 *
 * Owns nothing that outlives the command.  Must never start or change anything that a running server
 * uses, except the private database if the command needs one. */
#include "cli/command.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/draft.h"
#include "cli/native.h"
#include "core/conf.h"
#include "core/log.h"
#include "core/shm.h"
#include "pg/db.h"
#include "pg/pgembed.h"
#include "sense/index.h"
#include "server/brokerstart.h"
#include "server/bundle.h"
#include "server/control.h"
#include "server/sockets.h"
#include "server/supervisor.h"

/* `human doctor` also looks at the private database, if it runs. */
static void join_database(const char *command) {
  static char status[32768];
  if (!strcmp(command, "doctor") && !*conf_str("database.url") &&
      control_get("status", status, sizeof status) >= 0)
    pgembed_join();
}

/* Commands whose output is their result. */
static bool only_prints(const char *command) {
  static const char *const prints[] = {"rules",  "queue", "ledger", "clock",
                                       "market", "audit", "onboard"};
  for (size_t i = 0; i < sizeof prints / sizeof *prints; i++)
    if (!strcmp(command, prints[i])) return true;
  return false;
}

/* Specs talk to their own server, which is this process. */
static int listen_for_specs(worker_spec *spec) {
  int port;
  char text[16];
  if ((spec->listen.fd[0] = sockets_any(&port)) < 0) return -1;
  spec->listen.n = 1;
  snprintf(text, sizeof text, "%d", port);
  return conf_set("port", text) || conf_set("log.requests", "none") ? -1 : 0;
}

static int choose_specs(worker_spec *spec) {
  char path[PATH_MAX];
  int status = native_test_words(spec->argc, spec->argv, path, sizeof path);
  if (status >= 0) return status;
  return draft_test(*path ? path : NULL, &spec->draft) || listen_for_specs(spec) ? 1 : -1;
}

/* Selects the scripts and specs that the arguments name.  -1: continue; else the exit status. */
static int choose_scripts(worker_spec *spec) {
  const char *path = NULL;
  if (!strcmp(spec->command, "test")) return choose_specs(spec);
  for (int i = 0; i < spec->argc && !path; i++)
    if (spec->argv[i][0] != '-') path = spec->argv[i];
  if (strcmp(spec->command, "check") != 0 || !path) return -1;
  return draft_check(path) ? 1 : -1;
}

static bool is_draft; /* the specs are an operator's */

int command_database(void) {
  if (is_draft && draft_home()) return -1;
  bool own = is_draft || !*conf_str("database.url");
  if (own && pgembed_start(supervisor_connections(2), !is_draft)) return -1;
  return db_init();
}

/* The worker that runs the command; ends what it has started. */
static int run(worker_spec *spec) {
  int code = worker_run(spec);
  brokerstart_close();
  pgembed_stop();
  draft_end();
  return code;
}

int command_look(const char *command, int argc, char **argv) {
  worker_spec spec = {.count = 1, .bus_in = -1, .control_fd = -1, .broker_fd = -1, .argc = argc, .argv = argv,
                      .command = command, .refused = "", .more_native = native_register};
  log_quiet();
  join_database(command);
  if (shm_init(1) || index_init((uint32_t)conf_num("search.listings"))) return 1;
  spec.database = *conf_str("database.url") && !strcmp(command, "doctor");
  spec.broker_fd = brokerstart_channel(0);
  return run(&spec);
}

int command_run(const char *command, int argc, char **argv, bool database) {
  char why[1024] = "";
  worker_spec spec = {.count = 1, .bus_in = -1, .control_fd = -1, .broker_fd = -1, .argc = argc, .argv = argv,
                      .command = command, .refused = why, .more_native = native_register};
  if (only_prints(command)) log_quiet();
  int status = choose_scripts(&spec);
  if (status >= 0) return status;
  if (shm_init(1) || index_init((uint32_t)conf_num("search.listings"))) return 1;
  spec.generation = bundle_load(why, sizeof why); /* those that need no scripts can run without */
  is_draft = spec.draft;
  database = database && !is_draft;
  if (database && !*conf_str("database.url") && pgembed_start(supervisor_connections(2), true))
    return 1;
  spec.database = *conf_str("database.url") && database;
  if (!strcmp(command, "test") && brokerstart_open(1)) return 1;
  spec.broker_fd = brokerstart_channel(0);
  return run(&spec);
}
