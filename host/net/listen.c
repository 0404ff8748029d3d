/* SPDX-License-Identifier: MIT
 * listen.c -- accepting connections.  The listening sockets are the supervisor's, inherited; they are
 * polled rather than uv_listen()ed, because accepting must be able to pause.
 *
 * Owns: the polls and one spare descriptor, used to answer a client with 503 when no other is
 * left.  Must never: spin on a socket that it cannot accept from. */
#include "net/listen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/loop.h"
#include "net/conn.h"
#include "net/preface.h"
#include "net/tls.h"

enum { BATCH = 64, PAUSE_MS = 100, LOG_MS = 1000, OTHER_FILES = 16, CONNECTIONS_MIN = 4 };

static struct {
  struct { uv_poll_t poll; int fd, port; bool inner; } at[LISTEN_MAX];
  int n, max, spare;
  uint64_t logged_at;
  uv_timer_t pause;
} listening = {.spare = -1};

static void on_ready(uv_poll_t *p, int status, int events);

void listen_start(void) {
  for (int i = 0; i < listening.n; i++) uv_poll_start(&listening.at[i].poll, UV_READABLE, on_ready);
}

static void on_pause_over(uv_timer_t *t) {
  (void)t;
  listen_start();
}

static bool may_log(void) {
  uint64_t now = conn_now();
  if (listening.logged_at && now - listening.logged_at < LOG_MS) return false;
  listening.logged_at = now;
  return true;
}

/* Reads what the client has sent first: closing a socket
 * with unread bytes sends RST, which discards the answer. */
static void turn_away(int fd, bool secure) {
  char answer[CONN_OVERLOAD], ignored[4096];
  size_t n = conn_serves()->overload(answer, sizeof answer);
  for (int i = 0; i < 4 && recv(fd, ignored, sizeof ignored, MSG_DONTWAIT) > 0; i++) continue;
  if (!secure && send(fd, answer, n, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) shutdown(fd, SHUT_WR);
  close(fd);
}

static bool is_secure(int index) {
  return tls_on() && listening.at[index].port != LISTEN_REDIRECT;
}

/* No descriptor is left: accepts with the spare one, to
 * answer 503.  False: that one is gone too. */
static bool turn_next_away(int index) {
  if (listening.spare < 0) return false;
  close(listening.spare);
  int client = accept4(listening.at[index].fd, NULL, NULL, SOCK_CLOEXEC);
  if (client >= 0) turn_away(client, is_secure(index));
  listening.spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return client >= 0;
}

/* No descriptor or no memory: pause, or the same client would wake us again at once. */
static void accept_failed(int index, int err) {
  if (may_log())
    log_fmt(LOG_ERROR, "accept: %s; %d connections are open, new clients get 503", strerror(err),
            conn_count());
  bool full = err == EMFILE || err == ENFILE;
  for (int i = 0; full && i < BATCH && turn_next_away(index); i++) continue;
  if (full && listening.spare >= 0) return;
  for (int i = 0; i < listening.n; i++) uv_poll_stop(&listening.at[i].poll);
  uv_timer_start(&listening.pause, on_pause_over, PAUSE_MS, 0);
}

static void take(int client, int index, const struct sockaddr *from) {
  int port = listening.at[index].port;
  bool redirects = port == LISTEN_REDIRECT, secure = is_secure(index);
  if (conn_count() >= listening.max) {
    if (may_log())
      log_fmt(LOG_WARN, "%d connections are open, as many as may be (limits.connections, open files): new "
              "clients get 503", conn_count());
    return turn_away(client, secure);
  }
  conn *c = conn_open(client, port); /* its requests report the port */
  if (!c) return;
  peer_set(&c->peer, from);
  c->from = (uint8_t)((listening.at[index].inner ? CONN_INNER : 0) |
                      (peer_is_trusted(&c->peer) ? CONN_TRUSTED : 0));
  c->preface = preface_wanted(port, c->from & CONN_TRUSTED);
  c->redirects = redirects;
  if (secure) conn_secure(c);
}

static void on_ready(uv_poll_t *p, int status, int events) {
  (void)events;
  int index = (int)(intptr_t)p->data, fd = listening.at[index].fd;
  if (status < 0) return accept_failed(index, -status);
  for (int i = 0; i < BATCH; i++) {
    struct sockaddr_storage from = {0};
    socklen_t n = sizeof from;
    int client = accept4(fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) accept_failed(index, errno);
      return;
    }
    take(client, index, (struct sockaddr *)&from);
  }
}

/* On Linux accepted sockets inherit these options, which saves system calls per connection. */
static void set_options(int fd) {
  int on = 1, idle_s = 60;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
}

static bool is_inner(int fd) {
  struct sockaddr_storage at = {0};
  socklen_t n = sizeof at;
  peer p;
  if (getsockname(fd, (struct sockaddr *)&at, &n)) return false;
  peer_set(&p, (struct sockaddr *)&at);
  return peer_is_loopback(&p);
}

/* Leaves descriptors for everything else (the database, outbound requests, connections passed by
 * other workers, files): only clients are turned away when descriptors run out. */
static int connections_max(void) {
  struct rlimit files;
  int wanted = (int)conf_num("limits.connections"), open_now = 0;
  if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == RLIM_INFINITY) return wanted;
  DIR *d = opendir("/proc/self/fd");
  while (d && readdir(d)) open_now++;
  if (d) closedir(d);
  double room = (double)files.rlim_cur - open_now - conf_num("database.pool") - OTHER_FILES;
  if (room >= wanted) return wanted;
  return room < CONNECTIONS_MIN ? CONNECTIONS_MIN : (int)room;
}

int listen_init(const listen_sockets *sockets) {
  const int *fds = sockets->fd;
  listening.max = connections_max();
  peer_init();
  listening.spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  uv_timer_init(loop_uv(), &listening.pause);
  for (int i = 0; i < sockets->n && i < LISTEN_MAX; i++) {
    uv_poll_t *p = &listening.at[i].poll;
    set_options(fds[i]);
    int r = uv_poll_init(loop_uv(), p, fds[i]);
    if (r < 0) {
      log_fmt(LOG_ERROR, "listening socket %d: %s", i, uv_strerror(r));
      return -1;
    }
    p->data = (void *)(intptr_t)i;
    listening.at[i].fd = fds[i];
    listening.at[i].port = sockets->port[i];
    listening.at[i].inner = is_inner(fds[i]);
    listening.n++;
  }
  return 0;
}

/* Accepts the clients in the backlog first.  Once the sockets are closed, here and in the
 * supervisor, later clients are refused at once instead of waiting for nobody. */
void listen_stop(void) {
  for (int i = 0; i < listening.n; i++) {
    on_ready(&listening.at[i].poll, 0, UV_READABLE);
    uv_close((uv_handle_t *)&listening.at[i].poll, NULL);
    close(listening.at[i].fd);
  }
  uv_timer_stop(&listening.pause);
  listening.n = 0;
}
