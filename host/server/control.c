/* SPDX-License-Identifier: MIT
 * control.c -- see control.h.
 *
 * Owns: the claim (a lock that lasts as long as any process of this host), the listening socket and its
 * file, and at most CONTROL_CLIENTS_MAX clients.  A misbehaving client loses only its own
 * connection: a request is one line of at most REQUEST_MAX bytes within REQUEST_S; an answer
 * that the client does not read is dropped.  Must never block the supervisor. */
#include "server/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/conftable.h"
#include "core/log.h"
#include "core/newfile.h"
#include "core/procs.h"
#include "core/shm.h"

enum { REQUEST_MAX = 256, ANSWER_MAX = 256 * 1024, WAIT_S = 130 };
static const double REQUEST_S = 5, ANSWER_S = 120, REMAINS_S = 15, DEAF_S = 1;

typedef struct {
  int fd; /* 0: free; the supervisor's standard input is never a client */
  bool asked, quiet; /* quiet: it has closed its side, and waits for the answer */
  double until;
  size_t n;
  char line[REQUEST_MAX];
} control_client;

static struct {
  int fd, claim;
  double deaf_until; /* no descriptor for a client */
  struct sockaddr_un at;
  control_handler handler;
  control_client client[CONTROL_CLIENTS_MAX];
} c = {.fd = -1, .claim = -1};

/* ---- the address ---- */

static int address(struct sockaddr_un *at) {
  const char *dir = getenv("RUNTIME_DIRECTORY");
  if (!dir || !*dir) dir = conf_str("home");
  *at = (struct sockaddr_un){.sun_family = AF_UNIX};
  int n = snprintf(at->sun_path, sizeof at->sun_path, "%s/control.sock", dir);
  if (n > 0 && (size_t)n < sizeof at->sun_path) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

static int connect_to(const struct sockaddr_un *at) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (!connect(fd, (const struct sockaddr *)(const void *)at, sizeof *at)) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

/* ---- for commands ---- */

static int exchange(int fd, const char *request, char *out, size_t n) {
  struct timeval wait = {.tv_sec = WAIT_S};
  size_t at = 0;
  ssize_t got = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  if (dprintf(fd, "%s\n", request) < 0) return -1;
  while (at < n - 1 && (got = read(fd, out + at, n - 1 - at)) > 0) at += (size_t)got;
  out[at] = 0;
  return got < 0 ? -1 : 0;
}

/* Cuts the last line, "exit N"; returns N, or -1 when the answer has no such line. */
static int cut_status(char *out) {
  size_t n = strlen(out);
  if (n && out[n - 1] == '\n') out[--n] = 0;
  char *last = strrchr(out, '\n');
  last = last ? last + 1 : out;
  if (strncmp(last, "exit ", 5)) return -1;
  long status = strtol(last + 5, NULL, 10);
  *last = 0;
  return status >= 0 && status < 256 ? (int)status : 1;
}

/* No server in this home: tries the system's service, whose directory
 * a shell does not know.  Not if the user has named a home. */
static int connect_to_service(struct sockaddr_un *at) {
  struct sockaddr_un service = {.sun_family = AF_UNIX, .sun_path = "/run/human/control.sock"};
  int why = errno;
  if (conf_in_checkout() || !conf_is_shared("home")) return -1;
  int fd = connect_to(&service);
  if (fd < 0 && errno == ENOENT) errno = why;
  else *at = service;
  return fd;
}

/* No server, or one that we may not talk to. */
static int refuse(const struct sockaddr_un *at, char *out, size_t n) {
  const char *home = conf_str("home");
  if (errno == EACCES || errno == EPERM)
    snprintf(out, n, "%s: %s: the server is for its own user and group, and for root", at->sun_path,
             strerror(errno));
  else
    snprintf(out, n, "no server of %s runs (%s: %s); `human gateway` starts one", home, at->sun_path,
             strerror(errno));
  return -1;
}

int control_get(const char *request, char *out, size_t n) {
  struct sockaddr_un at;
  int fd = address(&at) ? -1 : connect_to(&at);
  if (fd < 0) fd = connect_to_service(&at);
  if (fd < 0) return refuse(&at, out, n);
  int failed = exchange(fd, request, out, n);
  close(fd);
  int status = failed ? -1 : cut_status(out);
  if (status < 0) snprintf(out, n, "the answer of the server at %s is incomplete", at.sun_path);
  return status;
}

int control_ask(const char *request) {
  char *out = malloc(ANSWER_MAX);
  if (!out) return 1;
  int status = control_get(request, out, ANSWER_MAX);
  size_t n = strlen(out);
  fprintf(status ? stderr : stdout, "%s%s", out, n && out[n - 1] != '\n' ? "\n" : "");
  free(out);
  return status < 0 ? 1 : status;
}

/* ---- the claim ---- */

static int claim_failed(const char *path) {
  fprintf(stderr, "home: %s: %s\n", path, strerror(errno));
  return -1;
}

static int open_claim(char *path, size_t n) {
  char home[PATH_MAX];
  snprintf(home, sizeof home, "%s", conf_str("home"));
  if (newfile_directories(home, geteuid() ? 0700 : 0711)) return claim_failed(home);
  if (address(&c.at)) return claim_failed(conf_str("home"));
  snprintf(path, n, "%.*s.lock", (int)(strlen(c.at.sun_path) - strlen(".sock")), c.at.sun_path);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return claim_failed(path);
  newfile_give(fd, path);
  return fd;
}

static pid_t claimed_by(int fd) {
  char text[32] = "";
  return pread(fd, text, sizeof text - 1, 0) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static int remains(const char *path) {
  pid_t pids[8];
  int n = procs_with(path, pids, 8);
  fprintf(stderr, "home: processes of an earlier host do not end:");
  for (int i = 0; i < n && i < 8; i++)
    if (pids[i] != getpid()) fprintf(stderr, " %d", (int)pids[i]);
  fprintf(stderr, "; end them (kill -9) and start again\n");
  return -1;
}

static int await_claim(int fd, const char *path) {
  bool told = false;
  for (double until = shm_clock() + REMAINS_S; flock(fd, LOCK_EX | LOCK_NB);) {
    if (errno != EWOULDBLOCK && errno != EINTR) return claim_failed(path);
    pid_t pid = claimed_by(fd);
    if (procs_is_host(pid)) {
      fprintf(stderr, "home: %s is in use by another host (process %d); stop it, or set HUMAN_HOME to "
              "another directory\n", conf_str("home"), (int)pid);
      return -1;
    }
    if (shm_clock() > until) return remains(path);
    if (!told) log_fmt(LOG_INFO, "waiting for what is left of an earlier host (process %d)", (int)pid);
    told = true;
    if (!procs_wait()) return -1;
  }
  return 0;
}

int control_claim(void) {
  char path[sizeof c.at.sun_path + 8], text[32];
  int fd = open_claim(path, sizeof path);
  if (fd < 0) return -1;
  int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
  if (!await_claim(fd, path)) {
    if (!ftruncate(fd, 0) && pwrite(fd, text, (size_t)n, 0) == n) return c.claim = fd, 0;
    claim_failed(path);
  }
  close(fd);
  return -1;
}

int control_claim_fd(void) {
  return c.claim;
}

/* ---- for the supervisor ---- */

/* Removes the socket file of a killed server; if a server answers there, fails. */
static int clear_path(void) {
  int fd = connect_to(&c.at);
  if (fd < 0) return unlink(c.at.sun_path) && errno != ENOENT ? -1 : 0;
  close(fd);
  errno = EADDRINUSE;
  return -1;
}

static int listen_at(void) {
  if (address(&c.at) || clear_path()) return -1;
  c.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (c.fd < 0) return -1;
  mode_t old = umask(0117);
  int failed = bind(c.fd, (const struct sockaddr *)(const void *)&c.at, sizeof c.at);
  umask(old);
  return failed || listen(c.fd, CONTROL_CLIENTS_MAX) ? -1 : 0;
}

int control_open(control_handler fn) {
  c.handler = fn;
  if (!listen_at()) return 0;
  fprintf(stderr, "control socket: %s: %s%s\n", c.at.sun_path, strerror(errno),
          errno == EADDRINUSE ? " (another server uses this home; --set home=DIR gives this one its own)"
                              : "");
  if (c.fd >= 0) close(c.fd);
  c.fd = -1;
  return -1;
}

void control_close(void) {
  if (c.fd < 0) return;
  unlink(c.at.sun_path);
  close(c.fd);
  c.fd = -1;
}

static void drop(control_client *k) {
  close(k->fd);
  k->fd = 0;
}

void control_reply(int client, int exit_status, const char *text) {
  control_client *k = &c.client[client];
  if (!k->fd) return;
  size_t n = strlen(text);
  char end[32];
  int m = snprintf(end, sizeof end, "%sexit %d\n", n && text[n - 1] != '\n' ? "\n" : "",
                   exit_status);
  /* Answers are smaller than a socket's buffer; one that
   * does not fit is for a client that never reads. */
  if (send(k->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n)
    (void)!send(k->fd, end, (size_t)m, MSG_NOSIGNAL | MSG_DONTWAIT);
  drop(k);
}

static void accept_one(double now) {
  int fd = accept4(c.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    log_fmt(LOG_ERROR, "control socket: %s; clients have to wait", strerror(errno));
    c.deaf_until = now + DEAF_S; /* or the same client would wake us at once */
    return;
  }
  for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
    if (c.client[i].fd) continue;
    c.client[i] = (control_client){.fd = fd, .until = now + REQUEST_S};
    return;
  }
  (void)!send(fd, "too many clients\nexit 1\n", 24, MSG_NOSIGNAL | MSG_DONTWAIT);
  close(fd);
}

static void read_some(int i, double now) {
  control_client *k = &c.client[i];
  ssize_t got = recv(k->fd, k->line + k->n, sizeof k->line - 1 - k->n, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got == 0 && k->asked) {
    k->quiet = true;
    return;
  }
  if (got <= 0) return drop(k); /* a reload continues even if its client leaves */
  if (k->asked) return;
  k->n += (size_t)got;
  char *end = memchr(k->line, '\n', k->n);
  if (!end && k->n < sizeof k->line - 1) return;
  if (!end || memchr(k->line, 0, k->n)) return control_reply(i, 2, "request: not a line of text");
  *end = 0;
  k->asked = true;
  k->until = now + ANSWER_S;
  c.handler(i, k->line);
}

/* Also watches clients that wait for their answer, to notice when they leave. */
size_t control_poll(struct pollfd *fds) {
  size_t n = 0;
  if (c.fd < 0) return 0;
  if (shm_clock() >= c.deaf_until) fds[n++] = (struct pollfd){.fd = c.fd, .events = POLLIN};
  for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
    if (c.client[i].fd && !c.client[i].quiet)
      fds[n++] = (struct pollfd){.fd = c.client[i].fd, .events = POLLIN};
  return n;
}

static int client_of(int fd) {
  for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
    if (c.client[i].fd == fd) return i;
  return -1;
}

void control_turn(const struct pollfd *fds, size_t n, double now) {
  for (size_t k = 0; k < n; k++) {
    if (!fds[k].revents) continue;
    int i = fds[k].fd == c.fd ? -1 : client_of(fds[k].fd);
    if (fds[k].fd == c.fd) accept_one(now);
    else if (i >= 0) read_some(i, now);
  }
  for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
    if (c.client[i].fd && now > c.client[i].until) control_reply(i, 1, "took too long");
}
