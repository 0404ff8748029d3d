/* SPDX-License-Identifier: MIT
 * conn.h -- one TCP connection: its bytes and timeouts.  The layers above supply its protocol as a
 * conn_talk: this file knows nothing of HTTP.
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

/* The protocol on a connection: HTTP (http/serve.c), a WebSocket (http/ws.c), or the bytes relayed
 * between the client and another worker (relay.c).  The last three may be NULL. */
typedef struct {
  size_t (*feed)(conn *c, char *p, size_t n); /* the bytes taken; fewer than n: the rest waits */
  bool (*wants_reading)(const conn *c);
  bool (*is_busy)(const conn *c); /* a request is in flight: hold back what follows */
  bool (*is_idle)(const conn *c); /* nothing has begun: may be closed when we stop */
  host_id (*id)(const conn *c);   /* receives DRAINED; 0: nothing does */
  void (*expire)(conn *c);        /* the deadline has passed */
  void (*abort)(conn *c);         /* busy, and the client sends no more */
  void (*end)(conn *c);           /* the client sends no more, and everything it sent was taken */
  void (*lost)(conn *c);          /* the connection is closed */
  void (*drained)(conn *c);       /* everything is written */
  void (*finish)(conn *c);        /* from now on only the queued output is written */
  void (*shut_down)(conn *c);     /* the host is stopping */
} conn_talk;

/* What conn.c needs to know of the server behind it. */
typedef struct {
  conn_talk talk;                          /* the first protocol of every connection */
  void (*not_tls)(conn *c);                /* the client does not speak TLS on a TLS port */
  size_t (*overload)(char *out, size_t n); /* the answer if there are too many; n: its room */
} conn_service;

typedef struct conn_link {
  struct conn_link *prev, *next;
} conn_link;

typedef enum {
  CONN_OPEN,
  CONN_FLUSHING, /* the last bytes are queued; whatever is read is dropped */
  CONN_LINGERING, /* our side is shut down; give the client time to read */
  CONN_CLOSED
} conn_state;

/* Where a connection comes from, besides its peer. */
enum {
  CONN_TRUSTED = 1, /* its peer is one of http.trusted_proxies */
  CONN_VEILED = 2,  /* its PROXY head names no client, or comes from an untrusted peer */
  CONN_INNER = 4    /* its listener is reachable only from this machine */
};

struct conn {
  uv_tcp_t tcp;
  conn_link wheel, dirty, paused; /* in the timer wheel; has output; waits for the event queue */
  uint64_t deadline, stall_at, linger_until, wheel_tick;
  size_t stalled;     /* bytes unwritten when stall_at was set */
  const conn_talk *talk;
  request *req;       /* HTTP: being read, or in flight */
  ws *ws;
  tls *tls;           /* NULL: plaintext */
  relay *relay;       /* another worker handles the stream; we encrypt it */
  out_write *writing;
  buf in;             /* held back; the first in_taken bytes are parsed */
  buf out;            /* not encrypted yet */
  size_t in_taken;
  peer peer;          /* the client; with the PROXY protocol, the one that the proxy names */
  uint8_t listener, from; /* CONN_TRUSTED .. */
  conn_state state;
  bool secure;        /* encrypted, here or by the relaying worker */
  bool preface;       /* a PROXY head must come first */
  bool redirects;     /* answer every request with a redirect to https */
  bool reading, eof;
  bool linger;        /* the client may still be sending: let it read our answer */
  bool timed;         /* the deadline is that of a request: 408, not a silent close */
  bool want_drained;  /* send DRAINED when it is due */
  bool want_room;     /* the next request waits for the last answer to be written */
};

typedef struct {
  size_t head_bytes, body_bytes, queue_bytes, ws_message_bytes;
  uint64_t head_ms, body_ms, idle_ms;
  size_t arriving_bytes; /* of unfinished bodies and messages on all connections */
} conn_limits;

enum { CONN_DRAIN_HIGH = 65536, CONN_WS_CLOSE_MS = 5000, CONN_OVERLOAD = 2048 };

const conn_limits *conn_limit(void);
const conn_service *conn_serves(void);
uint64_t conn_now(void);      /* ms, the loop's time */
bool conn_draining(void);     /* no new connections: answers say "Connection: close" */

/* Lifecycle. */
conn *conn_open(int fd, int listener); /* owns fd, also on failure: NULL; the caller sets peer, from */
void conn_secure(conn *c);    /* on a new connection: speak TLS */
void conn_close(conn *c);     /* at once; calls talk->lost */
void conn_finish(conn *c, bool linger); /* write what is queued, then close */
void conn_part(conn *c);      /* close an idle one; with TLS, after close_notify */
void conn_deadline(conn *c, uint64_t ms, bool timed); /* from now; timed: for a request */
void conn_expire(conn *c);    /* wheel.c: a deadline may have passed */

/* Input. */
int conn_hold(conn *c, const void *p, size_t n); /* for the next conn_pump(); 0, or -1 */
void conn_pump(conn *c);      /* parse what was held back, then continue reading */
bool conn_pause(conn *c);     /* true: the event queue is full, wait for conn_resume_reading() */

/* Output.  conn_out() returns where `n` bytes may be appended (advance c->out.n), or NULL. */
char *conn_out(conn *c, size_t n);
size_t conn_queued(const conn *c);
bool conn_overfull(conn *c, size_t more, size_t max); /* the client is too slow: disconnect it */
void conn_await_drain(conn *c); /* DRAINED once most of it is written */
const char *conn_unwritten(const conn *c, size_t *n); /* the rest of an unfinished write */

/* An unfinished body or message now holds `now` bytes.  False: all connections together hold too
 * much. */
bool conn_charge(size_t *charged, size_t now);

/* ---- for worker.c ---- */
int conn_init(const listen_sockets *sockets, const conn_service *service);
void conn_start_accepting(void);
void conn_stop_accepting(void);
void conn_flush(void);          /* write what this turn queued; after each dispatch */
void conn_resume_reading(void); /* the event queue drained */
int conn_count(void);           /* open connections */
void conn_shutdown(void);       /* when draining: protocols that can tell their clients do so */

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
