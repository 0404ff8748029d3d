/* SPDX-License-Identifier: MIT
 * pghome.c -- see pghome.h: paths, users, locks and child processes of the private cluster.
 *
 * Owns: the locks' file descriptors.  Must never signal a server that a living host manages.  PostgreSQL
 * refuses to run as root, hence the change of user, and a second location in case that user cannot
 * reach the first. */
#include "pg/pghome.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/conftable.h"
#include "core/log.h"
#include "core/newfile.h"
#include "core/procs.h"
#include "core/shm.h"

#define SERVICE_HOME "/var/lib/human"       /* of the package's service */
#define HOMES "/var/lib/human-homes"        /* root's: clusters of homes that only root can enter */
static const double ENDING_S = 5;
enum {
  SOCKET_DIR_MAX = 90, /* sun_path has 107 characters; "/.s.PGSQL.5432" and room */
  ARGS_MAX = 32
};

static int lock_fd = -1, claim_fd = -1, use_fd = -1;

static int fail(const char *path, const char *what) {
  fprintf(stderr, "database: %s: %s: %s\n", path, what, strerror(errno));
  return -1;
}

static int join(char *out, const char *dir, const char *name) {
  if (snprintf(out, PATH_MAX, "%s/%s", dir, name) < PATH_MAX) return 0;
  errno = ENAMETOOLONG;
  return fail(dir, "home");
}

static int make_directories(const char *path, mode_t mode) {
  char part[PATH_MAX];
  snprintf(part, sizeof part, "%s", path);
  return newfile_directories(part, mode) ? fail(part, "cannot be made") : 0;
}

/* ---- the user ---- */

static int find_user(pghome *h) {
  h->drop = geteuid() == 0;
  h->uid = geteuid();
  h->gid = getegid();
  if (!h->drop) return 0;
  const struct passwd *user = getpwnam("postgres");
  if (!user) {
    user = getpwnam("nobody");
    if (user) log_fmt(LOG_WARN, "database: no user postgres, so the cluster will run as nobody");
  }
  if (!user) {
    fprintf(stderr, "database: PostgreSQL does not run as root and there is no user postgres; "
                    "set database.url, or start as another user\n");
    return -1;
  }
  h->uid = user->pw_uid;
  h->gid = user->pw_gid;
  return 0;
}

/* As root, works on a service's cluster as the user that owns it. */
static void follow_owner(pghome *h) {
  char path[PATH_MAX];
  struct stat st;
  if (!h->drop || join(path, h->home, "pg")) return;
  if ((stat(path, &st) && stat(h->home, &st)) || st.st_uid == 0) return;
  h->uid = st.st_uid;
  h->gid = st.st_gid;
}

static void give_to_user(const pghome *h, int fd) {
  if (h->drop && fchown(fd, h->uid, h->gid))
    log_fmt(LOG_WARN, "database: a file cannot be given to user %d: %s", (int)h->uid, strerror(errno));
}

static int become_user(const pghome *h) {
  if (!h->drop) return 0;
  return setgroups(0, NULL) || setgid(h->gid) || setuid(h->uid) ? -1 : 0;
}

/* Only the kernel knows whether that user can reach a path, so try it as that user. */
static bool user_can_enter(const pghome *h, const char *path) {
  if (!h->drop) return true;
  pid_t pid = fork();
  if (pid == 0) _exit(become_user(h) || access(path, X_OK) ? 1 : 0);
  int status = 1;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- places ---- */

static uint32_t hash_path(const char *path) {
  uint32_t h = 2166136261u; /* FNV-1a */
  for (; *path; path++) h = (h ^ (unsigned char)*path) * 16777619u;
  return h;
}

static uint64_t hash_path_64(const char *path) {
  uint64_t h = 14695981039346656037u;
  for (; *path; path++) h = (h ^ (unsigned char)*path) * 1099511628211u;
  return h;
}

/* Makes a directory for the cluster's user only; refuses one that another user put there. */
static int private_directory(const pghome *h, const char *path) {
  struct stat st;
  if (!mkdir(path, 0700)) {
    if (h->drop && chown(path, h->uid, h->gid)) return fail(path, "cannot be given to its user");
  } else if (errno != EEXIST) {
    return fail(path, "cannot be made");
  }
  if (lstat(path, &st)) return fail(path, "cannot be read");
  if (S_ISDIR(st.st_mode) && st.st_uid == h->uid && !(st.st_mode & 077)) return 0;
  fprintf(stderr, "database: %s: must be a directory of user %d that nobody else can open\n", path,
          (int)h->uid);
  return -1;
}

static int name_socket(pghome *h, const char *base) {
  if (join(h->run, base, "run")) return -1;
  if (strlen(h->run) > SOCKET_DIR_MAX)
    snprintf(h->run, sizeof h->run, "/tmp/human-%08x", (unsigned)hash_path(h->data));
  return private_directory(h, h->run);
}

/* Records in `place` which home it belongs to: for people,
 * and to detect two homes with the same hash. */
static int sign(const char *place, const char *home) {
  char path[PATH_MAX], text[PATH_MAX] = "";
  if (join(path, place, "home")) return -1;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return fail(path, "cannot be opened");
  ssize_t n = pread(fd, text, sizeof text - 1, 0), k = (ssize_t)strlen(home);
  bool written = n > 0 || pwrite(fd, home, (size_t)k, 0) == k;
  close(fd);
  if (!written) return fail(path, "cannot be written");
  if (n <= 0 || !strcmp(text, home)) return 0;
  fprintf(stderr, "database: %s has the cluster of %s: choose another home than %s\n", place, text, home);
  return -1;
}

static int place_apart(pghome *h, char *place) {
  char real[PATH_MAX];
  if (!realpath(h->home, real)) return fail(h->home, "cannot be read");
  snprintf(place, PATH_MAX, HOMES "/%016llx", (unsigned long long)hash_path_64(real));
  h->apart = true;
  return make_directories(place, 0711) || sign(place, real) ? -1 : 0;
}

/* A cluster in the service's home that no host of that home has created. */
static bool is_strange(const pghome *h) {
  char lock[PATH_MAX];
  struct stat st;
  if (strcmp(h->home, SERVICE_HOME) != 0 || stat(h->data, &st) || join(lock, h->home, "lock")) return false;
  return access(lock, F_OK) != 0;
}

int pghome_find(pghome *h) {
  char place[PATH_MAX];
  snprintf(h->home, sizeof h->home, "%s", conf_str("home"));
  if (find_user(h) || make_directories(h->home, h->drop ? 0711 : 0700)) return -1;
  follow_owner(h);
  snprintf(place, sizeof place, "%s", h->home);
  if (!user_can_enter(h, place) && place_apart(h, place)) return -1;
  if (join(h->data, place, "pg") || join(h->log, place, "pg.log")) return -1;
  if (!is_strange(h)) return name_socket(h, place);
  fprintf(stderr, "database: %s was made for another home, by a host of root and of an earlier version: "
          "stop that one and start it again with this version, which takes its cluster along, or move it "
          "away (if it is this service's own: touch %s/lock)\n", h->data, h->home);
  return -1;
}

static bool is_former(const pghome *h, pghome *old, const char *place, const char *suffix) {
  struct stat st;
  *old = *h;
  snprintf(old->data, sizeof old->data, "%s/pg%s", place, suffix);
  snprintf(old->log, sizeof old->log, "%s/pg%s.log", place, suffix);
  if (lstat(old->data, &st) || !S_ISDIR(st.st_mode)) return false;
  if (h->known && st.st_uid == h->uid) return true;
  log_fmt(LOG_WARN, "database: %s is not taken over: it is not known to be of this home", old->data);
  return false;
}

bool pghome_former(const pghome *h, pghome *old) {
  char suffix[16] = "";
  if (!h->apart || !access(h->data, F_OK)) return false;
  if (strcmp(conf_source("home"), "default") != 0)
    snprintf(suffix, sizeof suffix, "-%08x", (unsigned)hash_path(h->home));
  return is_former(h, old, SERVICE_HOME, suffix) || is_former(h, old, HOMES "/old", suffix);
}

/* ---- locks ---- */

int pghome_lock(pghome *h, pid_t *holder) {
  char path[PATH_MAX], text[32] = "";
  *holder = 0;
  if (join(path, h->home, "lock")) return -1;
  h->known = !access(path, F_OK);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(path, "cannot be opened");
  if (flock(fd, LOCK_EX | LOCK_NB)) {
    int why = errno;
    if (read(fd, text, sizeof text - 1) > 0) *holder = (pid_t)strtol(text, NULL, 10);
    close(fd);
    errno = why;
    return why == EWOULDBLOCK ? 1 : fail(path, "cannot be locked");
  }
  give_to_user(h, fd);
  int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
  if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n) {
    close(fd);
    return fail(path, "cannot be written");
  }
  lock_fd = fd;
  return 0;
}

void pghome_unlock(void) {
  if (claim_fd >= 0) close(claim_fd);
  if (use_fd >= 0) close(use_fd);
  if (lock_fd >= 0) close(lock_fd);
  lock_fd = claim_fd = use_fd = -1;
}

static bool is_claimed(int fd) {
  struct stat a, b;
  return claim_fd >= 0 && !fstat(fd, &a) && !fstat(claim_fd, &b) && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

/* A process that is being killed may still hold it for a moment. */
static int await_claim(int fd, const char *path) {
  char name[96];
  for (double until = shm_clock() + ENDING_S; flock(fd, LOCK_EX | LOCK_NB);) {
    pid_t pid = errno == EWOULDBLOCK ? procs_locker(fd) : -1;
    if (pid < 0) return fail(path, "cannot be locked");
    if (!procs_is_host(pid) && shm_clock() < until && procs_wait()) continue;
    procs_name(pid, name, sizeof name);
    fprintf(stderr, "database: %s is in use by another home's host: %s\n", path, name);
    return -1;
  }
  return 0;
}

int pghome_claim(const pghome *h) {
  int fd = open(h->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail(h->data, "cannot be opened");
  bool done = is_claimed(fd), failed = !done && await_claim(fd, h->data);
  if (done || failed) close(fd);
  else claim_fd = fd;
  return failed ? -1 : 0;
}

/* Locks the directory of the server's socket, which every user of the server knows. */
bool pghome_use(const pghome *h, bool alone) {
  if (use_fd < 0) use_fd = open(h->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return use_fd >= 0 && !flock(use_fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB);
}

/* ---- which PostgreSQL ---- */

static int cluster_version(const pghome *h) {
  char path[PATH_MAX], text[16] = "";
  if (join(path, h->data, "PG_VERSION")) return -1;
  FILE *f = fopen(path, "re");
  if (!f) return 0;
  if (!fgets(text, sizeof text, f)) text[0] = 0;
  fclose(f);
  return (int)strtol(text, NULL, 10);
}

/* Debian has one directory per major version.  `wanted` 0: the highest. */
static int debian_version(int wanted, int *highest) {
  DIR *d = opendir("/usr/lib/postgresql");
  const struct dirent *e;
  int found = 0;
  *highest = 0;
  while (d && (e = readdir(d))) {
    char path[PATH_MAX];
    int version = (int)strtol(e->d_name, NULL, 10);
    snprintf(path, sizeof path, "/usr/lib/postgresql/%s/bin/postgres", e->d_name);
    if (version <= 0 || access(path, X_OK)) continue;
    if (version > *highest) *highest = version;
    if (version == wanted) found = version;
  }
  if (d) closedir(d);
  return wanted ? found : *highest;
}

/* Searches PATH, but skips Debian's directories: their versions were already considered. */
static int path_directory(char *out) {
  const char *p = getenv("PATH");
  while (p && *p) {
    char program[PATH_MAX];
    size_t n = strcspn(p, ":");
    int k = snprintf(program, sizeof program, "%.*s/postgres", (int)n, p);
    bool other = n && strncmp(p, "/usr/lib/postgresql/", 20);
    if (other && k < PATH_MAX && !access(program, X_OK)) {
      snprintf(out, PATH_MAX, "%.*s", (int)n, p);
      return 0;
    }
    p += n + (p[n] == ':');
  }
  return -1;
}

int pghome_binaries(pghome *h) {
  int highest, wanted = cluster_version(h);
  int version = debian_version(wanted, &highest);
  if (version > 0) {
    snprintf(h->bin, sizeof h->bin, "/usr/lib/postgresql/%d/bin", version);
    return 0;
  }
  if (!path_directory(h->bin)) return 0; /* the server itself checks that the cluster fits */
  if (wanted && highest)
    fprintf(stderr, "database: the cluster %s was made by PostgreSQL %d, but only %d is installed; "
            "install postgresql-%d, or move the cluster away to begin an empty one\n",
            h->data, wanted, highest, wanted);
  else
    fprintf(stderr, "database: PostgreSQL is not installed (no postgres in "
                    "/usr/lib/postgresql/*/bin or PATH): run `make deps`, or set database.url\n");
  return -1;
}

/* ---- processes ---- */

static void clean_environment(void) {
  for (char **e = environ; e && *e;) {
    char name[64];
    size_t n = strcspn(*e, "=");
    if (strncmp(*e, "PG", 2) || n >= sizeof name) {
      e++;
      continue;
    }
    memcpy(name, *e, n);
    name[n] = 0;
    unsetenv(name); /* shifts the rest down: check this index again */
  }
  unsetenv("LC_ALL");
  unsetenv("LANG");
}

static _Noreturn void child(const pghome *h, int log, const char *program, const char *const *args,
                            pid_t parent) {
  char path[PATH_MAX];
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  setsid(); /* Ctrl-C must reach only the host, which stops the server last */
  int null = open("/dev/null", O_RDONLY);
  if (null < 0) _exit(127);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (become_user(h) || chdir("/")) _exit(127);
  prctl(PR_SET_PDEATHSIG, SIGINT); /* after the change of user, which clears it */
  if (getppid() != parent) _exit(127);
  close_range(3, ~0U, 0);
  clean_environment();
  if (join(path, h->bin, program)) _exit(127);
  /* PostgreSQL's programs find each other by the path of argv[0]. */
  const char *argv[ARGS_MAX] = {path};
  for (int i = 1; args[i] && i < ARGS_MAX - 1; i++) argv[i] = args[i];
  execv(path, (char *const *)(uintptr_t)argv);
  fprintf(stderr, "%s: %s\n", path, strerror(errno));
  _exit(127);
}

pid_t pghome_spawn(const pghome *h, const char *program, const char *const *args) {
  int log = open(h->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (log < 0) return fail(h->log, "cannot be opened");
  give_to_user(h, log);
  pid_t parent = getpid();
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) child(h, log, program, args, parent);
  close(log);
  return pid < 0 ? fail(program, "cannot be started") : pid;
}

static bool is_server_of(const pghome *h, pid_t pid) {
  char path[64], target[PATH_MAX];
  snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
  ssize_t n = readlink(path, target, sizeof target - 1);
  if (n <= 0) return false;
  target[n] = 0;
  if (strcmp(target, h->data)) return false;
  snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
  n = readlink(path, target, sizeof target - 1);
  if (n <= 0) return false;
  target[n] = 0;
  const char *base = strrchr(target, '/');
  return base && !strncmp(base, "/postgres", 9);
}

typedef struct { pghome home; int sig, n; } orphans;

static void add_orphan(pid_t pid, void *to) {
  orphans *o = to;
  if (!is_server_of(&o->home, pid)) return;
  o->n++;
  if (o->sig) kill(pid, o->sig);
}

int pghome_orphans(const pghome *h, int sig) {
  orphans o = {.home = *h, .sig = sig}; /* /proc shows resolved paths */
  if (realpath(h->data, o.home.data)) procs_each(add_orphan, &o);
  return o.n;
}

/* pgembed.c passes the directory of the socket to every server it starts. */
static bool is_of_a_host(pid_t pid) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
  FILE *f = fopen(path, "re");
  size_t n = f ? fread(text, 1, sizeof text, f) : 0;
  if (f) fclose(f);
  return memmem(text, n, "unix_socket_directories=", 24) != NULL;
}

pid_t pghome_guardian(const pghome *h) {
  char path[PATH_MAX], text[32] = "";
  pghome real = *h;
  if (!realpath(h->data, real.data) || join(path, h->data, "postmaster.pid")) return 0;
  FILE *f = fopen(path, "re");
  if (!f) return 0;
  if (!fgets(text, sizeof text, f)) text[0] = 0;
  fclose(f);
  pid_t server = (pid_t)strtol(text, NULL, 10), parent;
  snprintf(text, sizeof text, "%d", (int)server);
  if (server <= 0 || !is_server_of(&real, server)) return 0;
  parent = procs_parent(server);
  if (parent != getpid() && procs_is_host(parent)) return parent;
  return is_of_a_host(server) ? 0 : server;
}
