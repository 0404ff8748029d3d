/* SPDX-License-Identifier: MIT
 * bus.c -- messages and connections between the workers of one host.
 *
 * Each worker has one datagram inbox.  The supervisor keeps both ends open, so unread messages
 * survive a worker.  Owns: the queues of messages that did not fit into another's inbox, and
 * messages that arrive in pieces.  Messages from one sender arrive in order. */
#include "server/bus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/log.h"
#include "core/loop.h"
#include "core/op.h"
#include "core/shm.h"
#include "net/pass.h"
#include "server/worker.h"

enum {
  PIECE_BYTES = 96 * 1024,          /* fits the default socket buffer twice */
  MESSAGE_MAX = 4 * 1024 * 1024,
  QUEUE_MAX = 4 * 1024 * 1024,      /* bytes queued for one worker */
  READS_PER_TURN = 64,
  SENDERS = 3                       /* processes of one index: a retiring one and successors */
};
enum { KIND_MESSAGE = 1, KIND_CONNECTION = 2 };

/* Begins each datagram; both ends are the same program on the same machine. */
typedef struct {
  uint32_t kind, from, total, at;
  uint32_t sender; /* process id: a worker that retires and its successor have the same index */
} bus_header;

typedef struct piece piece;
struct piece {
  piece *next;
  int fd; /* to pass along, or -1; owned */
  bus_header head;
  char bytes[];
};

typedef struct {
  int fd;
  uv_poll_t writable;
  bool polling;
  piece *first, **last;
  size_t queued;
} outlet;

typedef struct {
  char *p; /* the pieces received so far; NULL: none */
  bus_header head;
  size_t n;
  uint64_t nr; /* the lower, the longer ago it began */
  int fd;
} arrival;

static struct {
  int index, count;
  bool running, handed_over;
  uv_poll_t readable;
  int in;
  outlet out[SHM_WORKERS_MAX];
  uint32_t self;
  uint64_t begun;
  arrival from[SHM_WORKERS_MAX][SENDERS];
} bus = {.in = -1};

int host_worker(void) {
  return bus.index;
}

int host_workers(void) {
  return bus.count ? bus.count : 1;
}

/* ---- sending ---- */

/* 1: sent; 0: the inbox is full; -1: lost. */
static int transmit(int to, const bus_header *head, const char *p, size_t n, int fd) {
  union { struct cmsghdr align; char space[CMSG_SPACE(sizeof(int))]; } control = {0};
  struct iovec v[2] = {{(void *)(uintptr_t)head, sizeof *head}, {(void *)(uintptr_t)p, n}};
  struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
  if (fd >= 0) {
    m.msg_control = control.space;
    m.msg_controllen = sizeof control.space;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  ssize_t k;
  do k = sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (k < 0 && errno == EINTR);
  if (k >= 0) return 1;
  if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS) return 0;
  if (errno == ECONNREFUSED || errno == ENOTCONN) return -1; /* that worker has left at a stop */
  log_fmt(LOG_ERROR, "bus: a datagram was lost: %s", strerror(errno));
  return -1;
}

static void piece_free(piece *q) {
  if (q->fd >= 0) close(q->fd);
  free(q);
}

static void outlet_poll(outlet *o, bool on);

static void outlet_flush(outlet *o) {
  while (o->first) {
    piece *q = o->first;
    size_t n = q->head.total - q->head.at;
    if (n > PIECE_BYTES) n = PIECE_BYTES;
    if (!transmit(o->fd, &q->head, q->bytes, n, q->fd)) break;
    o->first = q->next;
    if (!o->first) o->last = &o->first;
    o->queued -= n;
    piece_free(q);
  }
  outlet_poll(o, o->first != NULL);
}

static void on_writable(uv_poll_t *handle, int status, int events) {
  (void)status, (void)events;
  outlet_flush(handle->data);
}

static void outlet_poll(outlet *o, bool on) {
  if (on == o->polling) return;
  o->polling = on;
  if (on) uv_poll_start(&o->writable, UV_WRITABLE, on_writable);
  else uv_poll_stop(&o->writable);
}

static int enqueue(outlet *o, const bus_header *head, const char *p, size_t n, int fd) {
  piece *q = malloc(sizeof *q + n);
  if (!q) return HOST_EFULL;
  *q = (piece){.fd = fd < 0 ? -1 : dup(fd), .head = *head};
  if (fd >= 0 && q->fd < 0) {
    free(q);
    return HOST_EFULL;
  }
  memcpy(q->bytes, p, n);
  *o->last = q;
  o->last = &q->next;
  o->queued += n;
  return 0;
}

/* Sends all pieces or none: pieces that do not fit now are
 * queued, and room for them is checked first. */
static int outlet_send(outlet *o, uint32_t kind, int fd, const char *p, size_t n) {
  if (n > MESSAGE_MAX) return HOST_ELIMIT;
  if (o->queued + n > QUEUE_MAX) return HOST_EFULL;
  size_t at = 0;
  do {
    size_t k = n - at < PIECE_BYTES ? n - at : PIECE_BYTES;
    bus_header head = {kind, (uint32_t)bus.index, (uint32_t)n, (uint32_t)at, bus.self};
    int pass = at == 0 ? fd : -1;
    int sent = o->first ? 0 : transmit(o->fd, &head, p + at, k, pass);
    if (sent < 0) return HOST_EGONE;
    if (!sent && enqueue(o, &head, p + at, k, pass)) return HOST_EFULL;
    at += k;
  } while (at < n);
  outlet_poll(o, o->first != NULL);
  return 0;
}

int host_bus_send(int worker, host_str *data) {
  if (!bus.count || worker < -1 || worker >= bus.count) return HOST_EINVAL;
  if (data->n > MESSAGE_MAX) return HOST_ELIMIT;
  if (worker == bus.index)
    return op_push(HOST_EV_BUS, 0, 0, (host_id)bus.index, data->p, data->n);
  int result = 0;
  for (int i = 0; i < bus.count; i++) {
    if ((i == bus.index && !bus.handed_over) || (worker >= 0 && i != worker)) continue;
    int failed = outlet_send(&bus.out[i], KIND_MESSAGE, -1, data->p, data->n);
    if (failed) result = failed;
  }
  return result;
}

size_t bus_queued(void) {
  size_t n = 0;
  for (int i = 0; i < bus.count; i++) n += bus.out[i].queued;
  return n;
}

int bus_send_conn(int worker, int fd, const void *head, size_t n) {
  if (worker < 0 || worker >= bus.count || worker == bus.index) return HOST_EINVAL;
  return outlet_send(&bus.out[worker], KIND_CONNECTION, fd, head, n);
}

/* ---- receiving ---- */

static void arrival_drop(arrival *a) {
  if (a->fd >= 0) close(a->fd);
  free(a->p);
  *a = (arrival){.fd = -1};
}

static void deliver(arrival *a) {
  char *p = a->p;
  int fd = a->fd;
  bus_header head = a->head;
  *a = (arrival){.fd = -1};
  if (head.kind == KIND_CONNECTION) {
    if (fd >= 0) pass_adopt(fd, p, head.total);
    free(p);
  } else if (op_push_own(HOST_EV_BUS, 0, 0, (host_id)head.from, p, head.total)) {
    log_fmt(LOG_ERROR, "bus: a message of %u bytes was lost: the event queue is full", head.total);
    op_missed();
  }
}

static bool begin(arrival *a, const bus_header *head, int fd) {
  arrival_drop(a); /* its sender died between two pieces */
  a->p = malloc(head->total ? head->total : 1);
  if (!a->p) {
    log_fmt(LOG_ERROR, "bus: a message of %u bytes was lost: out of memory", head->total);
    op_missed();
    return false;
  }
  a->head = *head;
  a->nr = ++bus.begun;
  a->fd = fd;
  return true;
}

/* Where a datagram belongs; NULL: our predecessor received the start of its message.  If all slots
 * are taken, the message that began first is dropped: its sender has died. */
static arrival *arrival_of(const bus_header *head) {
  arrival *all = bus.from[head->from], *spare = &all[0];
  for (arrival *a = all; a < all + SENDERS; a++) {
    if (a->p && a->head.sender == head->sender) return a;
    if (spare->p && (!a->p || a->nr < spare->nr)) spare = a;
  }
  return head->at ? NULL : spare;
}

/* One datagram; owns fd. */
static void receive(const bus_header *head, const char *p, size_t n, int fd) {
  bool known = (head->kind == KIND_MESSAGE || head->kind == KIND_CONNECTION) &&
               head->from < (uint32_t)bus.count && head->total <= MESSAGE_MAX;
  if (!known || n > head->total || head->at > head->total - n) goto drop;
  arrival *a = arrival_of(head);
  if (!a) goto drop;
  if (head->at == 0) {
    if (!begin(a, head, fd)) goto drop;
    fd = -1;
  } else if (a->n != head->at || a->head.total != head->total || a->head.kind != head->kind) {
    goto drop;
  }
  memcpy(a->p + a->n, p, n);
  a->n += n;
  if (a->n == head->total) deliver(a);
drop:
  if (fd >= 0) close(fd);
}

static int passed_fd(struct msghdr *m) {
  int fd = -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && fd < 0)
      memcpy(&fd, CMSG_DATA(c), sizeof fd);
  return fd;
}

static bool read_one(void) {
  static char bytes[PIECE_BYTES];
  union { struct cmsghdr align; char space[CMSG_SPACE(sizeof(int))]; } control;
  bus_header head;
  struct iovec v[2] = {{&head, sizeof head}, {bytes, sizeof bytes}};
  struct msghdr m = {.msg_iov = v, .msg_iovlen = 2, .msg_control = control.space,
                     .msg_controllen = sizeof control.space};
  ssize_t k = recvmsg(bus.in, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (k < 0) return errno == EINTR;
  int fd = passed_fd(&m);
  if (m.msg_flags & MSG_CTRUNC)
    log_fmt(LOG_ERROR, "bus: no descriptor is left for a connection of another worker, which is lost");
  if ((size_t)k < sizeof head || (m.msg_flags & MSG_TRUNC)) {
    if (fd >= 0) close(fd);
    return true;
  }
  receive(&head, bytes, (size_t)k - sizeof head, fd);
  return true;
}

/* Reads a bounded number per turn, and none while Lua is
 * behind: a full inbox holds senders back. */
static void on_readable(uv_poll_t *handle, int status, int events) {
  (void)handle, (void)status, (void)events;
  for (int i = 0; i < READS_PER_TURN && !op_congested(); i++)
    if (!read_one()) return;
}

/* ---- start and stop ---- */

int bus_init(const worker_spec *spec) {
  uv_loop_t *loop = loop_uv();
  bus.index = spec->index;
  bus.count = spec->count;
  bus.self = (uint32_t)getpid();
  for (int i = 0; i < SHM_WORKERS_MAX * SENDERS; i++) bus.from[i / SENDERS][i % SENDERS].fd = -1;
  if (spec->count < 2) return 0;
  bus.in = spec->bus_in;
  if (uv_poll_init(loop, &bus.readable, bus.in)) return -1;
  if (uv_poll_start(&bus.readable, UV_READABLE, on_readable)) return -1;
  for (int i = 0; i < spec->count; i++) {
    outlet *o = &bus.out[i];
    *o = (outlet){.fd = spec->bus_out[i], .last = &o->first};
    if (uv_poll_init(loop, &o->writable, o->fd)) return -1;
    o->writable.data = o;
  }
  bus.running = true;
  return 0;
}

/* Messages for this worker's own index now go to its successor. */
void bus_hand_over(void) {
  if (!bus.running) return;
  uv_poll_stop(&bus.readable);
  bus.handed_over = true;
}

void bus_stop(void) {
  if (!bus.running) return;
  bus.running = false;
  uv_close((uv_handle_t *)&bus.readable, NULL);
  for (int i = 0; i < bus.count; i++) {
    outlet *o = &bus.out[i];
    outlet_flush(o);
    while (o->first) {
      piece *q = o->first;
      o->first = q->next;
      piece_free(q);
    }
    o->polling = false;
    uv_close((uv_handle_t *)&o->writable, NULL);
    for (int k = 0; k < SENDERS; k++) arrival_drop(&bus.from[i][k]);
  }
}
