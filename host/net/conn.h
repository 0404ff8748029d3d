/* SPDX-License-Identifier: MIT
 * conn.h -- one TCP connection: its bytes and timeouts.  The layers above supply its protocol as a
 * conn_talk: this one knows nothing of HTTP.
 *
 * A connection reads one request at a time.  While that one is in flight, further bytes are held back,
 * up to one head; the rest stays in the kernel.  Output is appended to `out` and written once a
 * turn. */
#ifndef HUMAN_CONN_H
#define HUMAN_CONN_H
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "core/buf.h"
#include "core/op.h"
#include "core/peer.h"
#include "net/listen.h"

typedef struct conn conn;
typedef struct request request;
typedef struct ws ws;
typedef struct relay relay;
typedef struct tls tls;
typedef struct out_write out_write;

/* What is spoken on a connection: HTTP (http/serve.c), a WebSocket (http/ws.c), or what passes between the
 * client and another worker (relay.c).  The last three may be NULL: nothing is to be done. */
typedef struct {
  size_t (*feed)(conn *c, char *p, size_t n); /* how many bytes were taken; fewer: something must wait */
  bool (*wants_reading)(const conn *c);
  bool (*is_busy)(const conn *c); /* a request is in flight: what follows is held back */
  bool (*is_idle)(const conn *c); /* nothing has begun: it may end when we stop */
  host_id (*id)(const conn *c);   /* who hears DRAINED; 0: nobody */
  void (*expire)(conn *c);        /* the deadline has passed */
  void (*abort)(conn *c);         /* busy, and the client sends no more */
  void (*end)(conn *c);           /* the client sends no more, and all that it sent was taken */
  void (*lost)(conn *c);          /* the connection is closed */
  void (*drained)(conn *c);       /* everything is written */
  void (*finish)(conn *c);        /* only what is queued is still written */
  void (*shut_down)(conn *c);     /* the host stops */
} conn_talk;

/* What a server on these connections is. */
typedef struct {
  conn_talk talk;                          /* what every connection begins with */
  void (*not_tls)(conn *c);                /* the client does not speak TLS where that is spoken */
  size_t (*overload)(char *out, size_t n); /* the answer to whom there is no room for; n is CONN_OVERLOAD */
} conn_service;

typedef struct conn_link {
  struct conn_link *prev, *next;
} conn_link;

typedef enum {
  CONN_OPEN,
  CONN_FLUSHING, /* the last bytes are queued; nothing is read for its sake any more */
  CONN_LINGERING, /* our side is shut down; wait for the client to have read it */
  CONN_CLOSED
} conn_state;

/* What is known of where a connection comes from, beside its peer. */
enum {
  CONN_TRUSTED = 1, /* its peer is one of http.trusted_proxies */
  CONN_VEILED = 2,  /* a PROXY head names no client, or comes from somebody who is not trusted */
  CONN_INNER = 4    /* its listener can be reached from this machine alone */
};

struct conn {
  uv_tcp_t tcp;
  conn_link wheel, dirty, paused; /* in the timer wheel; has output; waits for the event queue */
  uint64_t deadline, stall_at, linger_until, wheel_tick;
  size_t stalled;     /* bytes unwritten when stall_at was set */
  const conn_talk *talk;
  request *req;       /* HTTP: being read, or in flight */
  ws *ws;
  tls *tls;           /* NULL: bytes are sent as they are */
  relay *relay;       /* another worker has the conversation, we have its encryption */
  out_write *writing;
  buf in;             /* held back; in_taken of it have been parsed */
  buf out;            /* not encrypted yet */
  size_t in_taken;
  peer peer;          /* the client; behind the PROXY protocol the one that the proxy names */
  uint8_t listener, from; /* CONN_TRUSTED .. */
  conn_state state;
  bool secure;        /* encrypted, here or by the worker that relays it */
  bool preface;       /* its first bytes are to be a PROXY head */
  bool redirects;     /* every request is answered with the https address */
  bool reading, eof;
  bool linger;        /* the client may still be sending: let it read our last words */
  bool timed;         /* the deadline is that of a request: 408, not a silent close */
  bool want_drained;  /* DRAINED is owed */
  bool want_room;     /* the next request waits for the last answer to be written */
};

typedef struct {
  size_t head_bytes, body_bytes, queue_bytes, ws_message_bytes;
  uint64_t head_ms, body_ms, idle_ms;
  size_t arriving_bytes; /* of unfinished bodies and messages, all connections together */
} conn_limits;

enum { CONN_DRAIN_HIGH = 65536, CONN_WS_CLOSE_MS = 5000, CONN_OVERLOAD = 2048 };

const conn_limits *conn_limit(void);
const conn_service *conn_serves(void);
uint64_t conn_now(void);      /* ms, the loop's time */
bool conn_draining(void);     /* no new connections: answers say "Connection: close" */

/* Lifecycle. */
conn *conn_open(int fd, int listener); /* owns fd, also on failure: NULL; peer and from are the caller's */
void conn_secure(conn *c);    /* a new one: TLS is spoken on it */
void conn_close(conn *c);     /* at once; who speaks on it hears of it */
void conn_finish(conn *c, bool linger); /* write what is queued, then close */
void conn_part(conn *c);      /* nothing is under way: with TLS we say that nothing more will come */
void conn_deadline(conn *c, uint64_t ms, bool timed); /* from now; timed: it is that of a request */
void conn_expire(conn *c);    /* wheel.c: a deadline may have passed */

/* Input. */
int conn_hold(conn *c, const void *p, size_t n); /* to be parsed by the next conn_pump(); 0, or -1 */
void conn_pump(conn *c);      /* parse what was held back, then read on */
bool conn_pause(conn *c);     /* true: the event queue is congested, wait for conn_resume_reading() */

/* Output.  conn_out() returns where `n` bytes may be appended (advance c->out.n), or NULL. */
char *conn_out(conn *c, size_t n);
size_t conn_queued(const conn *c);
bool conn_overfull(conn *c, size_t more, size_t max); /* the client does not keep up: cut it */
void conn_await_drain(conn *c); /* DRAINED once most of it is written */
const char *conn_unwritten(const conn *c, size_t *n); /* what an unfinished write still holds */

/* What is held of a body or message that arrives has grown or shrunk to `now` bytes.  False: there is
 * too much of that already, on all connections together. */
bool conn_charge(size_t *charged, size_t now);

/* ---- for worker.c ---- */
int conn_init(const listen_sockets *sockets, const conn_service *service);
void conn_start_accepting(void);
void conn_stop_accepting(void);
void conn_flush(void);          /* write what this turn queued; after each dispatch */
void conn_resume_reading(void); /* the event queue drained */
int conn_count(void);           /* open connections */
void conn_shutdown(void);       /* who can, says so to the client; at drain */

static inline void link_init(conn_link *l) {
  l->prev = l->next = l;
}

static inline bool link_empty(const conn_link *l) {
  return l->next == l;
}

static inline void link_del(conn_link *l) {
  l->prev->next = l->next;
  l->next->prev = l->prev;
  link_init(l);
}

static inline void link_add(conn_link *list, conn_link *l) { /* at the end */
  link_del(l);
  l->prev = list->prev;
  l->next = list;
  list->prev->next = l;
  list->prev = l;
}

static inline bool conn_is_paused(const conn *c) {
  return !link_empty(&c->paused);
}

static inline size_t conn_held(const conn *c) {
  return c->in.n - c->in_taken;
}

#define link_conn(l, member) ((conn *)((char *)(l) - offsetof(conn, member)))
#endif
