/* SPDX-License-Identifier: MIT
 * floor_ws.c -- the least that a WebSocket echo server can do: epoll, RFC 6455 framing, nothing else.
 * It answers the three Socket.IO packets that the load sends with fixed bytes, echoes every other
 * message and copies a broadcast to all.  A yardstick for bench/, not a server: no limits, no UTF-8
 * check, no close handshake, no time-outs.
 *
 * Usage: floor_ws PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS = 65536, IN = 65536, EVENTS = 512 };

typedef struct {
  int open, n;
  char *in; /* what is left of an unfinished frame or head */
} peer;

static peer peers[FDS];
static char in[IN], out[IN * 2];
static int top;

static void drop(int fd) {
  free(peers[fd].in);
  peers[fd] = (peer){0};
  close(fd);
}

static void put(int fd, const char *p, size_t n) {
  if (send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n) shutdown(fd, SHUT_RDWR);
}

static size_t frame(char *to, const char *p, size_t n) {
  size_t h = 2;
  to[0] = (char)0x81;
  if (n < 126) {
    to[1] = (char)n;
  } else {
    to[1] = 126;
    to[2] = (char)(n >> 8);
    to[3] = (char)n;
    h = 4;
  }
  memcpy(to + h, p, n);
  return h + n;
}

static const char hello[] = "0{\"sid\":\"floor\",\"upgrades\":[],\"pingInterval\":25000,"
                            "\"pingTimeout\":20000,\"maxPayload\":1000000}";

static void upgrade(int fd, char *head) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  char *key = strcasestr(head, "sec-websocket-key: ");
  if (!key) {
    drop(fd);
    return;
  }
  char text[64 + sizeof guid], accept[64];
  unsigned char digest[SHA_DIGEST_LENGTH];
  snprintf(text, sizeof text, "%.24s%s", key + 19, guid);
  SHA1((unsigned char *)text, strlen(text), digest);
  EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
  int n = snprintf(out, sizeof out,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
  n += (int)frame(out + n, hello, sizeof hello - 1);
  put(fd, out, (size_t)n);
  peers[fd].open = 1;
}

static size_t message(int fd, const char *p, size_t n, char *to) {
  (void)fd;
  if (n == 2 && !memcmp(p, "40", 2)) return frame(to, "40{\"sid\":\"floor\"}", 16);
  if (n > 14 && !memcmp(p, "42[\"broadcast\"", 14)) {
    static char copy[IN];
    char text[IN];
    size_t m = (size_t)snprintf(text, sizeof text, "42[\"message\"%.*s", (int)(n - 14), p + 14);
    size_t k = frame(copy, text, m);
    for (int i = 0; i <= top; i++)
      if (peers[i].open) put(i, copy, k);
    return 0;
  }
  return n && p[0] == '4' ? frame(to, p, n) : 0;
}

/* Handles all whole frames in p; returns how many bytes they were, or -1 to drop the connection. */
static ssize_t frames(int fd, char *p, size_t n) {
  size_t at = 0, o = 0;
  while (n - at >= 6) {
    unsigned char *f = (unsigned char *)p + at;
    size_t len = f[1] & 127, h = 6;
    if (len == 126) {
      if (n - at < 8) break;
      len = (size_t)f[2] << 8 | f[3];
      h = 8;
    }
    if (len > IN / 2) return -1;
    if (n - at < h + len) break;
    if ((f[0] & 15) == 8) return -1;
    unsigned char *mask = f + h - 4, *body = f + h;
    for (size_t i = 0; i < len; i++) body[i] ^= mask[i & 3];
    if (o + len + 8 > sizeof out) {
      put(fd, out, o);
      o = 0;
    }
    o += message(fd, (char *)body, len, out + o);
    at += h + len;
  }
  if (o) put(fd, out, o);
  return (ssize_t)at;
}

static void readable(int fd) {
  peer *c = &peers[fd];
  if (c->n) memcpy(in, c->in, (size_t)c->n);
  ssize_t got = recv(fd, in + c->n, sizeof in - (size_t)c->n - 1, 0);
  if (got <= 0) {
    if (got < 0 && errno == EAGAIN) return;
    drop(fd);
    return;
  }
  size_t n = (size_t)c->n + (size_t)got;
  ssize_t used = 0;
  in[n] = 0;
  if (c->open) used = frames(fd, in, n);
  else if (strstr(in, "\r\n\r\n")) upgrade(fd, in), used = (ssize_t)n;
  if (used < 0) {
    drop(fd);
    return;
  }
  size_t left = n - (size_t)used;
  if (!c->open && used) return;
  if (left) {
    char *keep = realloc(c->in, left);
    if (!keep) exit(1);
    memcpy(keep, in + used, left);
    c->in = keep;
  }
  c->n = (int)left;
}

static int listener(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 4096)) {
    perror("floor_ws");
    exit(1);
  }
  return fd;
}

int main(int argc, char **argv) {
  int ls = listener(argc > 1 ? atoi(argv[1]) : 3900), ep = epoll_create1(0), one = 1;
  struct epoll_event ev = {.events = EPOLLIN, .data.fd = ls}, got[EVENTS];
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
  signal(SIGPIPE, SIG_IGN);
  for (;;) {
    int n = epoll_wait(ep, got, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      if (got[i].data.fd != ls) {
        readable(got[i].data.fd);
        continue;
      }
      int fd;
      while ((fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= FDS) {
          close(fd);
          continue;
        }
        if (fd > top) top = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        ev = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
      }
    }
  }
}
