/* SPDX-License-Identifier: MIT
 * pgembed.c -- see pgembed.h: initdb once, then a `postgres` child on a Unix socket only.
 *
 * Owns: the server process and the locks of home and cluster.  Must never leave an incomplete cluster:
 * it is created under another name and renamed when complete.  Cleans up what a killed host left behind. */
#include "pg/pgembed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/procs.h"
#include "core/shm.h"
#include "pg/pghome.h"

enum { LOG_BYTES_MAX = 8 * 1024 * 1024, TRIES = 3 };
static const double READY_S = 300, STOP_S = 20, ORPHAN_S = 25, GLANCE_S = 0.5, OTHERS_S = 10,
                    BACKOFF_MIN_S = 0.25, BACKOFF_MAX_S = 5;

static struct {
  pghome home;
  pid_t pid;          /* 0: not running */
  int connections;
  bool ours;          /* started here, so stopped here */
  bool shared;        /* started by a command: others may use it, too, and outlive us */
  double started_at, retry_at, backoff;
} pg;

static int say(const char *what, const char *detail) {
  fprintf(stderr, "database: %s%s\n", what, detail);
  return -1;
}

/* Prints the last lines of the server's log since `from`: why it did not start. */
static void show_log(off_t from) {
  char text[2048];
  int fd = open(pg.home.log, O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat(fd, &st)) goto out;
  if (st.st_size - from > (off_t)sizeof text - 1) from = st.st_size - (off_t)sizeof text + 1;
  ssize_t n = pread(fd, text, sizeof text - 1, from);
  if (n > 0) fprintf(stderr, "%.*s%s", (int)n, text, text[n - 1] == '\n' ? "" : "\n");
out:
  if (fd >= 0) close(fd);
}

static off_t log_size(void) {
  struct stat st;
  return stat(pg.home.log, &st) ? 0 : st.st_size;
}

/* ---- making the cluster ---- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path) && errno != ENOENT ? -1 : 0;
}

static int remove_tree(const char *path) {
  return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT ? -1 : 0;
}

static int run(const char *program, const char *const *args) {
  off_t before = log_size();
  pid_t pid = pghome_spawn(&pg.home, program, args);
  if (pid < 0) return -1;
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return say("waitpid: ", strerror(errno));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  show_log(before);
  return -1;
}

/* Tuned for a server that shares its machine.  Written only
 * once, so that the file can be edited. */
static int write_tuning(const char *dir) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/postgresql.conf", dir) >= PATH_MAX) return -1;
  FILE *f = fopen(path, "ae");
  if (!f) return say("cannot write postgresql.conf: ", strerror(errno));
  fputs("\n# written by human when it made this cluster\n"
        "shared_buffers = 128MB\n"
        "effective_cache_size = 512MB\n"
        "random_page_cost = 1.1\n"
        "max_wal_size = 512MB\n"
        "log_min_messages = log\n"
        "log_checkpoints = off\n"
        "log_timezone = 'UTC'\n"
        "timezone = 'UTC'\n", f);
  return fclose(f) ? say("cannot write postgresql.conf: ", strerror(errno)) : 0;
}

/* Removes what the initdb of a killed host left.  It may
 * still be writing, so each uses its own name. */
static void remove_unfinished(void) {
  char parent[PATH_MAX], path[PATH_MAX];
  const struct dirent *e;
  snprintf(parent, sizeof parent, "%s", pg.home.data);
  char *name = strrchr(parent, '/');
  *name++ = 0;
  DIR *d = opendir(parent);
  while (d && (e = readdir(d))) {
    size_t n = strlen(name);
    if (strncmp(e->d_name, name, n) != 0 || strncmp(e->d_name + n, ".new", 4) != 0) continue;
    if (snprintf(path, sizeof path, "%s/%s", parent, e->d_name) < PATH_MAX && remove_tree(path))
      log_fmt(LOG_WARN, "database: %s is left over and cannot be removed: %s", path, strerror(errno));
  }
  if (d) closedir(d);
}

static int make_cluster(void) {
  char dir[PATH_MAX];
  locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
  if (utf8) freelocale(utf8);
  if (snprintf(dir, sizeof dir, "%s.new-XXXXXX", pg.home.data) >= PATH_MAX) return -1;
  log_fmt(LOG_INFO, "database: making a private PostgreSQL cluster in %s", pg.home.data);
  if (!mkdtemp(dir) || (pg.home.drop && chown(dir, pg.home.uid, pg.home.gid)))
    return say("cannot make the cluster's directory: ", strerror(errno));
  const char *args[] = {"initdb", "-D", dir, "-U", "human", "-A", "trust", "-E", "UTF8",
                        utf8 ? "--locale=C.UTF-8" : "--locale=C", NULL};
  if (run("initdb", args)) return say("initdb failed; see ", pg.home.log);
  if (write_tuning(dir)) return -1;
  if (rename(dir, pg.home.data)) return say("cannot rename the new cluster: ", strerror(errno));
  return 0;
}

/* ---- starting the server ---- */

/* Quoted for libpq: a directory may have any name. */
static const char *conninfo(const char *database) {
  static char out[2 * PATH_MAX + 64];
  size_t n = 0;
  memcpy(out, "host='", 6);
  n = 6;
  for (const char *p = pg.home.run; *p; p++) {
    if (*p == '\'' || *p == '\\') out[n++] = '\\';
    out[n++] = *p;
  }
  snprintf(out + n, sizeof out - n, "' port=5432 user=human dbname=%s", database);
  return out;
}

/* Waits for servers of a killed host to end by themselves,
 * then sends stronger and stronger signals. */
static int end_orphans(const pghome *h) {
  char name[96];
  pid_t guardian = pghome_guardian(h);
  if (guardian) {
    procs_name(guardian, name, sizeof name);
    fprintf(stderr, "database: the server of %s is not ours to stop: %s has it\n", h->data, name);
    return -1;
  }
  if (!pghome_orphans(h, SIGINT)) return 0;
  log_fmt(LOG_INFO, "database: stopping the server that an earlier host left running");
  double begin = shm_clock(), now;
  while ((now = shm_clock() - begin) < ORPHAN_S) {
    if (!pghome_orphans(h, now > 15 ? SIGKILL : now > 10 ? SIGQUIT : 0)) return 0;
    if (!procs_wait()) return -1;
  }
  return say("an earlier server does not stop: ", h->data);
}

static void unlink_below(const char *dir, const char *name) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%s", dir, name) < PATH_MAX) unlink(path);
}

/* If no server runs, these files belong to a dead one; its process ID may have been reused. */
static void clear_stale_locks(void) {
  if (pghome_orphans(&pg.home, 0)) return;
  unlink_below(pg.home.data, "postmaster.pid");
  unlink_below(pg.home.run, ".s.PGSQL.5432.lock");
}

static int spawn_server(void) {
  char sockets[PATH_MAX + 32], connections[48];
  snprintf(sockets, sizeof sockets, "unix_socket_directories=\"%s\"", pg.home.run);
  snprintf(connections, sizeof connections, "max_connections=%d", pg.connections);
  const char *args[] = {"postgres", "-D", pg.home.data, "-p", "5432",
                        "-c", "listen_addresses=", "-c", sockets,
                        "-c", "unix_socket_permissions=0700", "-c", connections, NULL};
  clear_stale_locks();
  pg.started_at = shm_clock();
  pg.pid = pghome_spawn(&pg.home, "postgres", args);
  if (pg.pid > 0) return 0;
  pg.pid = 0;
  return -1;
}

static bool has_died(void) {
  int status;
  if (waitpid(pg.pid, &status, WNOHANG) != pg.pid) return false;
  pg.pid = 0;
  return true;
}

static int await_ready(void) {
  const char *info = conninfo("postgres");
  while (shm_clock() - pg.started_at < READY_S && !procs_stopping()) {
    if (has_died()) return -1;
    if (PQping(info) == PQPING_OK) return 0;
    procs_wait();
  }
  return -1;
}

/* Retries: shared memory of killed processes may take a moment to disappear. */
static int start_server(void) {
  off_t before = 0;
  for (int i = 0; i < TRIES; i++) {
    before = log_size();
    if (spawn_server()) return -1;
    if (!await_ready()) return 0;
    if (procs_stopping()) return say("interrupted while it started", "");
    if (pg.pid) break;
    for (int j = 0; j < 25; j++) procs_wait();
  }
  show_log(before);
  return say("the private PostgreSQL server does not start; see ", pg.home.log);
}

static int make_database(void) {
  PGconn *c = PQconnectdb(conninfo("postgres"));
  int failed = -1;
  if (PQstatus(c) != CONNECTION_OK) {
    say("cannot connect: ", PQerrorMessage(c));
    goto out;
  }
  PGresult *r = PQexec(c, "SELECT 1 FROM pg_database WHERE datname = 'human'");
  bool exists = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1;
  PQclear(r);
  if (!exists) {
    r = PQexec(c, "CREATE DATABASE human");
    exists = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
  }
  if (exists) failed = 0;
  else say("cannot make the database: ", PQerrorMessage(c));
out:
  PQfinish(c);
  return failed;
}

/* ---- the whole start ---- */

static int set_url(void) {
  return conf_set("database.url", conninfo("human"));
}

static int in_use(pid_t holder) {
  fprintf(stderr, "home: %s is in use by another host (process %d); stop it, or set HUMAN_HOME to another "
          "directory\n", pg.home.home, (int)holder);
  return -1;
}

/* A server answers a ping before it has our database. */
static bool has_database(void) {
  char info[2 * PATH_MAX + 96];
  if (PQping(conninfo("human")) != PQPING_OK) return false;
  snprintf(info, sizeof info, "%s connect_timeout=5", conninfo("human"));
  PGconn *c = PQconnectdb(info);
  bool ok = PQstatus(c) == CONNECTION_OK;
  PQfinish(c);
  return ok;
}

/* 0: the home is ours; 1: another process has it and its server answers;
 * -1: an error.  The holder may still be starting its server, be stopping
 * it, or be dying; a process that only checks the lock holds it briefly. */
static int take_home(bool share) {
  for (double begin = shm_clock();;) {
    pid_t holder;
    int locked = pghome_lock(&pg.home, &holder);
    double waited = shm_clock() - begin;
    if (locked <= 0) return locked;
    if (share && pghome_use(&pg.home, false) && has_database()) return 1;
    if (!share && waited > (procs_is_host(holder) ? GLANCE_S : ORPHAN_S)) return in_use(holder);
    pghome old;
    if (waited > ORPHAN_S && pghome_former(&pg.home, &old))
      return say("a host of an earlier version has this home: start it again with this one: ", pg.home.home);
    if (waited > READY_S)
      return say("the server of the host that has this home does not answer: ", pg.home.home);
    if (!procs_wait()) return say("interrupted while it waited for another host", "");
  }
}

/* Holds the locks of this home and of the cluster, so even
 * after a crash the cluster is in one place. */
static int move_former(void) {
  pghome old;
  if (!pghome_former(&pg.home, &old)) return 0;
  if (pghome_claim(&old) || end_orphans(&old)) return -1;
  if (rename(old.data, pg.home.data)) {
    fprintf(stderr, "database: %s cannot be moved to %s (%s): do it by hand\n", old.data, pg.home.data,
            strerror(errno));
    return -1;
  }
  rename(old.log, pg.home.log);
  log_fmt(LOG_INFO, "database: %s has been moved to %s, where this home keeps it", old.data, pg.home.data);
  return 0;
}

static int bring_up(void) {
  struct stat st;
  if (move_former() || pghome_binaries(&pg.home)) return -1;
  remove_unfinished();
  if (stat(pg.home.data, &st) && make_cluster()) return -1;
  if (pghome_claim(&pg.home) || end_orphans(&pg.home)) return -1;
  return start_server() || make_database() || set_url() ? -1 : 0;
}

int pgembed_start(int connections, bool share) {
  pg.connections = connections;
  pg.backoff = BACKOFF_MIN_S;
  if (pghome_find(&pg.home)) return -1;
  int taken = take_home(share);
  if (taken) return taken < 0 ? -1 : set_url();
  pg.ours = true;
  pg.shared = share;
  if (!bring_up()) return 0;
  pgembed_stop();
  return -1;
}

int pgembed_join(void) {
  pid_t holder;
  if (pghome_find(&pg.home)) return -1;
  int locked = pghome_lock(&pg.home, &holder);
  if (!locked) pghome_unlock();
  return locked == 1 ? set_url() : -1;
}

bool pgembed_reaped(pid_t pid, int status) {
  if (!pg.pid || pid != pg.pid) return false;
  double now = shm_clock();
  if (now - pg.started_at > 30) pg.backoff = BACKOFF_MIN_S;
  log_fmt(LOG_ERROR, "database: the private server ended (%s %d); it starts again in %.2f s",
          WIFSIGNALED(status) ? "signal" : "status",
          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), pg.backoff);
  pg.pid = 0;
  pg.retry_at = now + pg.backoff;
  pg.backoff = pg.backoff * 2 < BACKOFF_MAX_S ? pg.backoff * 2 : BACKOFF_MAX_S;
  return true;
}

void pgembed_tick(void) {
  if (!pg.ours) return;
  if (log_size() > LOG_BYTES_MAX && truncate(pg.home.log, 0))
    log_fmt(LOG_WARN, "database: %s cannot be truncated: %s", pg.home.log, strerror(errno));
  if (pg.pid || shm_clock() < pg.retry_at) return;
  if (spawn_server()) pg.retry_at = shm_clock() + pg.backoff;
}

void pgembed_stop(void) {
  if (!pg.ours) return;
  pg.ours = false;
  double begin = shm_clock(), waited;
  while (pg.shared && !pghome_use(&pg.home, true) && shm_clock() - begin < OTHERS_S) procs_wait();
  begin = shm_clock();
  if (pg.pid) kill(pg.pid, SIGINT);
  while (pg.pid && (waited = shm_clock() - begin) < STOP_S + 5 && !has_died()) {
    if (waited > STOP_S) kill(pg.pid, SIGQUIT);
    procs_wait();
  }
  if (pg.pid) log_fmt(LOG_ERROR, "database: the private server did not end in %.0f s", STOP_S);
  pg.pid = 0;
  pghome_unlock();
}
