/* SPDX-License-Identifier: MIT
 * brokercall.c -- programs as Lua sees them (see brokercall.h and host_api.h).
 *
 * Owns: for each call the line to its keeper and our ends of the three pipes.  Closing the line
 * ends the program, so the end of a call (of its task, of this worker) ends the program as well.
 * While the channel is full, calls queue here.  A pipe that is still open after the program has
 * ended is held by a process beyond the keeper's reach; it is read once more and closed. Must never
 * block, nor keep more of an output than the call allows. */
#include "server/brokercall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/loop.h"
#include "core/op.h"
#include "core/pack.h"
#include "core/shm.h"
#include "server/brokerspec.h"
#include "server/brokerwire.h"

enum { CALLS_MAX = 256, UNREAD = 256 << 10, INPUT_LOW = 64 << 10, PIECE = 64 << 10, LAST = 2 << 20 };
enum { LINE, IN, OUT, ERR, ENDS };

typedef struct call call;
typedef struct {
  uv_poll_t poll;
  call *of;
  int fd; /* -1: closed */
} end;

struct call {
  op op;
  call *prev, *next; /* in the list of queued or of started calls */
  bool waits, over;  /* over: Lua has received DONE */
  int given[WIRE_FDS]; /* sent with the request; -1: done */
  end ends[ENDS];
  int handles;       /* not yet closed by libuv */
  brokerspec spec;
  size_t written;    /* of the input */
  buf kept[2];
  double total[2];   /* bytes of each output */
  size_t unread;
  bool paused, started, cut;
  double began;
};

typedef struct { call *first; int n; } list;

static list waiting, running;
static uv_poll_t room; /* in the channel */
static int channel = -1;
static char piece[PIECE];

static void list_add(list *l, call *c) {
  c->prev = NULL;
  c->next = l->first;
  if (l->first) l->first->prev = c;
  l->first = c;
  l->n++;
}

static void list_remove(list *l, call *c) {
  if (c->prev) c->prev->next = c->next;
  else l->first = c->next;
  if (c->next) c->next->prev = c->prev;
  l->n--;
}

/* ---- closing ---- */

static void free_call(call *c) {
  brokerspec_free(&c->spec);
  buf_free(&c->kept[0]);
  buf_free(&c->kept[1]);
  free(c);
}

static void on_closed(uv_handle_t *h) {
  end *e = h->data;
  call *c = e->of;
  if (--c->handles == 0 && c->over) free_call(c);
}

static void close_end(end *e) {
  if (e->fd < 0) return;
  uv_close((uv_handle_t *)&e->poll, on_closed);
  close(e->fd);
  e->fd = -1;
}

static void close_given(call *c) {
  for (int i = 0; i < WIRE_FDS; i++) {
    if (c->given[i] >= 0) close(c->given[i]);
    c->given[i] = -1;
  }
}

static void drop(call *c) {
  list_remove(c->waits ? &waiting : &running, c);
  c->over = true;
  close_given(c);
  for (int i = 0; i < ENDS; i++) close_end(&c->ends[i]);
  if (!c->handles) free_call(c);
}

/* ---- the end ---- */

static int pack_output(buf *b, const call *c, const char *name, const char *bytes, int i) {
  return pack_z(b, name) < 0 || pack_str(b, c->kept[i].p ? c->kept[i].p : "", c->kept[i].n) < 0 ||
                 pack_z(b, bytes) < 0 || pack_num(b, c->total[i]) < 0
             ? -1
             : 0;
}

static int pack_end(buf *b, const call *c, int status) {
  bool by_signal = WIFSIGNALED(status);
  if (pack_map(b, 7) < 0 || pack_z(b, by_signal ? "signal" : "status") < 0) return -1;
  if (pack_int(b, by_signal ? WTERMSIG(status) : WEXITSTATUS(status)) < 0) return -1;
  if (pack_z(b, "truncated") < 0 || pack_bool(b, c->cut) < 0) return -1;
  if (pack_z(b, "duration_ms") < 0 || pack_num(b, (shm_clock() - c->began) * 1000) < 0) return -1;
  if (pack_output(b, c, "stdout", "stdout_bytes", 0) < 0) return -1;
  return pack_output(b, c, "stderr", "stderr_bytes", 1);
}

static void finish(call *c, int status, void *data, size_t n) {
  op_done_own(&c->op, status, data, n);
  drop(c);
}

static void finish_with(call *c, int status) {
  buf b;
  buf_init(&b, 0);
  if (pack_end(&b, c, status) == 0) {
    finish(c, HOST_EXEC_ENDED, b.p, b.n);
    return;
  }
  buf_free(&b);
  finish(c, HOST_EFULL, NULL, 0);
}

static const char *code_of(const wire_answer *a) {
  if (a->value == WIRE_AT_BOX && (a->error == ENOSYS || a->error == EOPNOTSUPP)) return "sandbox";
  if (a->value != WIRE_AT_PROGRAM) return "failed";
  if (a->error == ENOENT || a->error == ENOTDIR) return "not_found";
  return a->error == EACCES || a->error == EPERM ? "denied" : "failed";
}

static void finish_refused(call *c, const char *code, int at, int error, const char *text) {
  buf b;
  buf_init(&b, 0);
  int e = pack_map(&b, 4);
  if (e == 0 && pack_z(&b, "code") == 0) e = pack_z(&b, code);
  if (e == 0 && pack_z(&b, "at") == 0) e = pack_int(&b, at);
  if (e == 0 && pack_z(&b, "reason") == 0) e = pack_z(&b, error ? strerror(error) : "");
  if (e == 0 && pack_z(&b, "text") == 0) e = pack_z(&b, text);
  if (e == 0) {
    finish(c, HOST_EXEC_REFUSED, b.p, b.n);
    return;
  }
  buf_free(&b);
  finish(c, HOST_EFULL, NULL, 0);
}

/* ---- output ---- */

static void tell(call *c, char what) {
  if (c->ends[LINE].fd >= 0) send(c->ends[LINE].fd, &what, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void cut(call *c) {
  if (!c->cut && c->spec.strict_max) tell(c, WIRE_KILL);
  c->cut = true;
}

static void take_output(call *c, int i, const char *p, size_t n) {
  c->total[i] += (double)n;
  if (c->spec.stream) {
    c->unread += n;
    if (op_push(HOST_EV_CHUNK, HOST_EXEC_STDOUT + i, c->op.id, c->op.owner, p, n) < 0) cut(c);
    return;
  }
  size_t left = c->spec.max - c->kept[i].n, taken = n < left ? n : left;
  if (buf_add(&c->kept[i], p, taken) < 0 || taken < n) cut(c);
}

/* False: nothing to read now, or the end. */
static bool read_once(call *c, int i) {
  end *e = &c->ends[OUT + i];
  ssize_t n = e->fd < 0 ? 0 : read(e->fd, piece, sizeof piece);
  if (n > 0) take_output(c, i, piece, (size_t)n);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) close_end(e);
  return n > 0;
}

static void on_output(uv_poll_t *poll, int status, int events);

static void pause_output(call *c) {
  c->paused = true;
  for (int i = OUT; i <= ERR; i++)
    if (c->ends[i].fd >= 0) uv_poll_stop(&c->ends[i].poll);
}

static void resume_output(call *c) {
  c->paused = false;
  for (int i = OUT; i <= ERR; i++)
    if (c->ends[i].fd >= 0) uv_poll_start(&c->ends[i].poll, UV_READABLE | UV_DISCONNECT, on_output);
}

static void on_output(uv_poll_t *poll, int status, int events) {
  end *e = poll->data;
  call *c = e->of;
  (void)status, (void)events;
  read_once(c, (int)(e - &c->ends[OUT]));
  if (c->spec.stream && c->unread >= UNREAD) pause_output(c);
}

static void read_rest(call *c) {
  for (int i = 0; i < 2; i++) {
    double end_at = c->total[i] + LAST;
    while (c->total[i] < end_at && read_once(c, i)) continue;
  }
}

/* ---- input ---- */

static size_t input_left(const call *c) {
  return c->spec.input.n - c->written;
}

static void on_input(uv_poll_t *poll, int status, int events);

/* Closes the pipe when its reader has, or when everything is written and no more will come. */
static void write_input(call *c) {
  end *e = &c->ends[IN];
  size_t before = input_left(c);
  if (e->fd < 0) return;
  ssize_t n = before ? write(e->fd, c->spec.input.p + c->written, before) : 0;
  if (n < 0 && errno != EAGAIN && errno != EINTR) {
    close_end(e);
    c->spec.input.n = c->written = 0;
    op_push(HOST_EV_CHUNK, HOST_EXEC_TAKEN, c->op.id, c->op.owner, NULL, 0);
    return;
  }
  if (n > 0) c->written += (size_t)n;
  if (c->written > INPUT_LOW || !input_left(c)) {
    buf_take(&c->spec.input, c->written);
    c->written = 0;
  }
  if (before > INPUT_LOW && input_left(c) <= INPUT_LOW && c->spec.open)
    op_push(HOST_EV_CHUNK, HOST_EXEC_TAKEN, c->op.id, c->op.owner, NULL, 0);
  if (input_left(c)) uv_poll_start(&e->poll, UV_WRITABLE | UV_DISCONNECT, on_input);
  else if (c->spec.open) uv_poll_stop(&e->poll);
  else close_end(e);
}

static void on_input(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  write_input(((end *)poll->data)->of);
}

/* ---- the keeper's messages ---- */

static void hear_end(call *c, const wire_answer *a) {
  if (a->kind == WIRE_REFUSED) {
    finish_refused(c, code_of(a), a->value, a->error, a->text);
    return;
  }
  read_rest(c);
  if (a->kind == WIRE_ENDED) finish_with(c, a->value);
  else finish_refused(c, "lost", 0, 0, "");
}

static void on_line(uv_poll_t *poll, int status, int events) {
  call *c = ((end *)poll->data)->of;
  wire_answer a = {.kind = WIRE_LOST};
  (void)status, (void)events;
  ssize_t n = recv(c->ends[LINE].fd, &a, sizeof a, MSG_DONTWAIT);
  if (n < 0 && errno == ECONNRESET) /* it left a message of ours unread; its own comes next */
    n = recv(c->ends[LINE].fd, &a, sizeof a, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n != (ssize_t)sizeof a) a = (wire_answer){.kind = WIRE_LOST};
  a.text[sizeof a.text - 1] = 0;
  if (a.kind != WIRE_STARTED) {
    hear_end(c, &a);
    return;
  }
  c->started = true;
  c->began = shm_clock();
  if (op_push(HOST_EV_CHUNK, HOST_EXEC_STARTED, c->op.id, c->op.owner, NULL, 0) < 0) tell(c, WIRE_KILL);
}

/* ---- starting ---- */

static void on_room(uv_poll_t *poll, int status, int events);

/* True: the request was sent. */
static bool ask(call *c) {
  if (wire_send(channel, c->spec.request.p, c->spec.request.n, c->given) == 0) {
    close_given(c);
    explicit_bzero(c->spec.request.p, c->spec.request.n); /* it may hold secrets */
    buf_free(&c->spec.request);
    return true;
  }
  return false;
}

static call *oldest(void) {
  call *c = waiting.first;
  while (c && c->next) c = c->next;
  return c;
}

static void on_room(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  for (call *c; (c = oldest());) {
    if (!ask(c)) {
      if (errno == EAGAIN) return;
      finish_refused(c, "failed", WIRE_AT_START, errno, "");
      continue;
    }
    list_remove(&waiting, c);
    c->waits = false;
    list_add(&running, c);
  }
  uv_poll_stop(poll);
}

static int make_pair(int i, int pair[2]) {
  if (i == LINE) return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
  if (pipe2(pair, O_CLOEXEC)) return -1;
  if (i != IN) return 0;
  int theirs = pair[0];
  pair[0] = pair[1];
  pair[1] = theirs;
  return 0;
}

/* Our ends do not block; the program's do, as programs expect. */
static int make_ends(call *c) {
  for (int i = 0; i < ENDS; i++) {
    int pair[2];
    end *e = &c->ends[i];
    if (make_pair(i, pair)) return -1;
    c->given[i] = pair[1];
    if (fcntl(pair[0], F_SETFL, O_NONBLOCK) || uv_poll_init(loop_uv(), &e->poll, pair[0])) {
      close(pair[0]);
      return -1;
    }
    e->fd = pair[0];
    e->poll.data = e;
    c->handles++;
  }
  return 0;
}

static void on_cancel(op *o) {
  call *c = (call *)o;
  op_done(&c->op, HOST_ECANCELED, NULL, 0);
  drop(c);
}

static call *new_call(void) {
  call *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  for (int i = 0; i < ENDS; i++) c->given[i] = c->ends[i].fd = -1;
  for (int i = 0; i < ENDS; i++) c->ends[i].of = c;
  return c;
}

/* ---- for Lua ---- */

static host_id begin(call *c, host_id owner) {
  host_id id = op_open(&c->op, OP_EXEC, owner, on_cancel);
  if (id < 0) {
    brokerspec_free(&c->spec);
    free(c);
    return id;
  }
  buf_init(&c->kept[0], c->spec.max);
  buf_init(&c->kept[1], c->spec.max);
  c->began = shm_clock();
  c->waits = true;
  list_add(&waiting, c);
  if (make_ends(c)) {
    op_close(&c->op);
    drop(c);
    return HOST_EFULL;
  }
  uv_poll_start(&c->ends[LINE].poll, UV_READABLE | UV_DISCONNECT, on_line);
  resume_output(c);
  write_input(c);
  uv_poll_start(&room, UV_WRITABLE, on_room);
  return id;
}

host_id host_exec(host_id owner, host_str *packed) {
  if (channel < 0) return HOST_EDOWN;
  if (waiting.n + running.n >= CALLS_MAX) return HOST_EFULL;
  call *c = new_call();
  if (!c) return HOST_EFULL;
  int e = brokerspec_read(&c->spec, packed);
  if (e == 0) return begin(c, owner);
  free(c);
  return e;
}

int host_exec_write(host_id id, host_str *bytes) {
  call *c = (call *)op_find(id, OP_EXEC);
  if (!c || c->ends[IN].fd < 0) return HOST_EGONE;
  if (buf_add(&c->spec.input, bytes->p, bytes->n) < 0) return HOST_ELIMIT;
  if (c->spec.input.n) write_input(c);
  return (int)input_left(c);
}

int host_exec_tell(host_id id, int what) {
  call *c = (call *)op_find(id, OP_EXEC);
  if (!c) return HOST_EGONE;
  if (what == HOST_EXEC_RESUME) {
    c->unread = 0;
    if (c->paused) resume_output(c);
  } else if (what == HOST_EXEC_CLOSE) {
    c->spec.open = false;
    write_input(c);
  } else if (!c->started) {
    finish_refused(c, "busy", 0, 0, "");
  } else {
    tell(c, what == HOST_EXEC_KILL ? WIRE_KILL : WIRE_END);
  }
  return 0;
}

int brokercall_init(int fd) {
  if (fd < 0) return 0;
  if (uv_poll_init(loop_uv(), &room, fd)) return -1;
  channel = fd;
  return 0;
}

void brokercall_stop(void) {
  list *lists[] = {&waiting, &running};
  for (int i = 0; i < 2; i++)
    while (lists[i]->first) {
      op_close(&lists[i]->first->op);
      drop(lists[i]->first);
    }
  if (channel >= 0) uv_close((uv_handle_t *)&room, NULL);
  channel = -1;
}
