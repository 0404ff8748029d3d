/* SPDX-License-Identifier: MIT
 * load_ws.c -- a Socket.IO load over WebSocket that costs less than any server it measures.
 * Usage: load_ws echo|connect|idle|broadcast PORT PATH CONNECTIONS SECONDS
 *   echo       every connection sends an event and waits for its echo, over and over
 *   connect    16 at a time: connect, handshake, join, close
 *   idle       open them all, print "ready", answer pings until standard input ends
 *   broadcast  the first one emits "broadcast"; when all have got "message", again
 * Prints one JSON line: {"count": events, "seconds": s, "errors": n}.  Loopback only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUF = 4096, AT_ONCE = 16, EVENTS = 512 };
typedef enum { CLOSED, HEAD, OPEN, JOINED } state;
typedef struct {
  int fd, n;
  state at;
  char *buf;
} client;

static const char *mode, *path;
static int port, want, seconds, ep, opened, joined;
static long count, errors, got_this_round;
static bool running;
static client *clients;
static char text[] = "[\"message\",{\"id\":\"msg-456\",\"content\":\"I struggle to stay motivated for "
                     "cardio\",\"participant\":{\"id\":\"user-789\",\"nickname\":\"Sarah\"}}]";

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fatal(const char *what) {
  perror(what);
  exit(1);
}

static void send_text(client *c, const char *p, size_t n) {
  char f[1024];
  size_t h = 6;
  f[0] = (char)0x81;
  if (n < 126) {
    f[1] = (char)(0x80 | n);
  } else {
    f[1] = (char)0xfe;
    f[2] = (char)(n >> 8);
    f[3] = (char)n;
    h = 8;
  }
  static const char mask[4] = {1, 2, 3, 4};
  memcpy(f + h - 4, mask, 4);
  for (size_t i = 0; i < n; i++) f[h + i] = p[i] ^ mask[i & 3];
  if (send(c->fd, f, h + n, MSG_NOSIGNAL) != (ssize_t)(h + n)) errors++;
}

static void send_event(client *c, const char *name) {
  char f[512];
  int n = snprintf(f, sizeof f, "42[\"%s\"%s", name, text + strlen("[\"message\""));
  send_text(c, f, (size_t)n);
}

static void open_one(client *c) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof a)) fatal("connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char head[512];
  int n = snprintf(head, sizeof head,
                   "GET %s?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost:%d\r\n"
                   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                   path, port);
  if (send(c->fd, head, (size_t)n, MSG_NOSIGNAL) != n) fatal("send");
  struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
  c->at = HEAD;
  c->n = 0;
  if (!c->buf && !(c->buf = malloc(BUF))) fatal("malloc");
  opened++;
}

static void reopen(client *c) {
  struct linger reset = {.l_onoff = 1, .l_linger = 0}; /* or the ports run out */
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(c->fd);
  count += running;
  open_one(c);
}

static void on_joined(client *c) {
  c->at = JOINED;
  joined++;
  if (!strcmp(mode, "connect")) reopen(c);
  else if (!strcmp(mode, "echo")) send_event(c, "message");
  else if (joined == want && !strcmp(mode, "broadcast")) send_event(&clients[0], "broadcast");
}

static void on_event(client *c) {
  if (c->at != JOINED) return;
  count += running;
  if (!strcmp(mode, "echo")) {
    send_event(c, "message");
  } else if (!strcmp(mode, "broadcast") && ++got_this_round == want) {
    got_this_round = 0;
    send_event(&clients[0], "broadcast");
  }
}

static void on_text(client *c, const char *p, size_t n) {
  if (n && p[0] == '0') send_text(c, "40", 2);
  else if (n == 1 && p[0] == '2') send_text(c, "3", 1);
  else if (n > 2 && !memcmp(p, "40", 2)) on_joined(c);
  else if (n > 2 && !memcmp(p, "42", 2)) on_event(c);
  else errors++;
}

static int frames(client *c) {
  int at = 0, fd = c->fd;
  while (c->n - at >= 2) {
    unsigned char *f = (unsigned char *)c->buf + at;
    int len = f[1] & 127, h = 2;
    if (len == 126) {
      if (c->n - at < 4) break;
      len = f[2] << 8 | f[3];
      h = 4;
    }
    if (c->n - at < h + len) break;
    if ((f[0] & 15) == 1) on_text(c, (char *)f + h, (size_t)len);
    if (c->fd != fd || c->at == HEAD) return -1; /* opened anew */
    at += h + len;
  }
  return at;
}

static void readable(client *c) {
  ssize_t n = recv(c->fd, c->buf + c->n, (size_t)(BUF - 1 - c->n), MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    errors++;
    close(c->fd);
    c->at = CLOSED;
    return;
  }
  c->n += (int)n;
  c->buf[c->n] = 0;
  if (c->at == HEAD) {
    char *end = strstr(c->buf, "\r\n\r\n");
    if (!end) return;
    c->at = OPEN;
    int used = (int)(end + 4 - c->buf);
    memmove(c->buf, end + 4, (size_t)(c->n - used));
    c->n -= used;
  }
  int at = frames(c);
  if (at <= 0) return;
  memmove(c->buf, c->buf + at, (size_t)(c->n - at));
  c->n -= at;
}

static void turn(int ms) {
  struct epoll_event got[EVENTS];
  int n = epoll_wait(ep, got, EVENTS, ms);
  for (int i = 0; i < n; i++) {
    client *c = got[i].data.ptr;
    if (c) readable(c);
  }
}

static void open_all(void) {
  int batch = !strcmp(mode, "connect") ? AT_ONCE : 1;
  int total = !strcmp(mode, "connect") ? AT_ONCE : want;
  double limit = now() + 60;
  for (int i = 0; i < total; i++) {
    open_one(&clients[i]);
    while (batch == 1 && opened - joined >= AT_ONCE && now() < limit) turn(100);
  }
  while (joined < total && now() < limit) turn(100);
  if (joined < total) {
    fprintf(stderr, "load_ws: only %d of %d connections joined\n", joined, total);
    exit(1);
  }
}

static bool input_ended(void) {
  struct pollfd p = {.fd = 0, .events = POLLIN};
  char c;
  return poll(&p, 1, 0) > 0 && read(0, &c, 1) <= 0;
}

static void idle(void) {
  printf("ready\n");
  fflush(stdout);
  while (!input_ended()) turn(200);
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: load_ws echo|connect|idle|broadcast PORT PATH CONNECTIONS SECONDS\n");
    return 2;
  }
  mode = argv[1], port = atoi(argv[2]), path = argv[3], want = atoi(argv[4]), seconds = atoi(argv[5]);
  signal(SIGPIPE, SIG_IGN);
  ep = epoll_create1(0);
  clients = calloc((size_t)want + AT_ONCE, sizeof *clients);
  if (!clients) fatal("calloc");
  open_all();
  if (!strcmp(mode, "idle")) {
    idle();
    return 0;
  }
  for (double warm = now() + 1; now() < warm;) turn(100);
  running = true;
  double from = now();
  while (now() < from + seconds) turn(100);
  printf("{\"count\": %ld, \"seconds\": %.3f, \"errors\": %ld}\n", count, now() - from, errors);
  return errors > 0;
}
