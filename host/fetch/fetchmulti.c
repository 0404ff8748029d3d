/* SPDX-License-Identifier: MIT
 * fetchmulti.c -- curl's multi interface on the loop: one uv_poll per socket, one timer per handle.
 *
 * There are two multi handles, because a guarded request must not reuse a connection that an
 * unguarded one opened to a private address.  Nothing is multiplexed: each transfer has its own
 * connection, so that ending it early closes that connection and disturbs no other transfer. */
#include "fetch/fetchmulti.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "fetch/fetch.h"
#include "fetch/ssrf.h"

#ifndef HUMAN_VERSION
#define HUMAN_VERSION "0"
#endif

enum { IDLE_CONNECTIONS = 64 };

typedef struct {
  CURLM *multi;
  uv_timer_t timer;
} group;

typedef struct {
  uv_poll_t handle;
  group *of;
  curl_socket_t fd;
  int events;
} watch;

static group groups[2]; /* 0: any address, 1: guarded */
static void (*on_done)(fetch *f, CURLcode result);

/* ---- the loop -------------------------------------------------------------------------------- */

static void report(group *g) {
  int left;
  for (CURLMsg *m; (m = curl_multi_info_read(g->multi, &left));) {
    if (m->msg != CURLMSG_DONE) continue;
    CURLcode result = m->data.result; /* m is gone once the handle is removed */
    fetch *f = NULL;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&f);
    on_done(f, result);
  }
}

static void on_timer(uv_timer_t *t) {
  group *g = t->data;
  int running;
  curl_multi_socket_action(g->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  report(g);
}

/* On an error libuv stops watching; let curl read, so that it finds the error. */
static void on_poll(uv_poll_t *h, int status, int events) {
  watch *w = (watch *)h;
  group *g = w->of;
  int flags = 0, running;
  if (status < 0) {
    uv_poll_start(h, w->events, on_poll);
    events = UV_READABLE | UV_WRITABLE;
  }
  if (events & UV_READABLE) flags |= CURL_CSELECT_IN;
  if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
  curl_multi_socket_action(g->multi, w->fd, flags, &running); /* may close w */
  report(g);
}

static int set_timer(CURLM *multi, long ms, void *arg) {
  group *g = arg;
  (void)multi;
  if (ms < 0) uv_timer_stop(&g->timer);
  else uv_timer_start(&g->timer, on_timer, (uint64_t)ms, 0);
  return 0;
}

static void on_closed(uv_handle_t *h) { free(h); }

static watch *watch_new(group *g, curl_socket_t fd) {
  watch *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  w->of = g;
  w->fd = fd;
  if (uv_poll_init(loop_uv(), &w->handle, fd) != 0) {
    free(w);
    return NULL;
  }
  curl_multi_assign(g->multi, fd, w);
  return w;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket) {
  group *g = arg;
  watch *w = of_socket;
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    if (!w) return 0;
    uv_poll_stop(&w->handle);
    uv_close((uv_handle_t *)w, on_closed);
    curl_multi_assign(g->multi, fd, NULL);
    return 0;
  }
  if (!w) w = watch_new(g, fd);
  if (!w) return -1;
  w->events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  return uv_poll_start(&w->handle, w->events, on_poll);
}

/* ---- a transfer ------------------------------------------------------------------------------ */

static size_t on_header(char *p, size_t size, size_t n, void *arg) {
  (void)size;
  return fetch_on_header(arg, p, n) < 0 ? 0 : n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg) {
  (void)size;
  int r = fetch_on_body(arg, p, n);
  return r < 0 ? 0 : r > 0 ? CURL_WRITEFUNC_PAUSE : n;
}

static size_t on_more(char *to, size_t size, size_t n, void *arg) {
  long got = fetch_on_more(arg, to, size * n);
  return got == FETCHBODY_WAIT ? CURL_READFUNC_PAUSE : got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* An idle connection turned out to be closed: curl sends the request again, on a new one. */
static int on_seek(void *arg, curl_off_t at, int origin) {
  fetch *f = arg;
  if (at || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  fetchbody_rewind(f->spec.parts);
  return CURL_SEEKFUNC_OK;
}

/* curl is about to send the request: for the second time, if a connection that had been idle ended without
 * an answer.  Whether the first one was carried out, nobody knows. */
static int on_request(void *arg, char *to, char *from, int to_port, int from_port) {
  fetch *f = arg;
  (void)to, (void)from, (void)to_port, (void)from_port;
  f->lost = f->begun && !f->spec.repeatable;
  f->begun = true;
  return f->lost ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a) {
  fetch *f = arg;
  (void)purpose;
  bool open = !f->spec.guard || ssrf_opens(&a->addr) || (!f->spec.plain && ssrf_allows(&a->addr));
  if (!open) {
    f->denied = true;
    return CURL_SOCKET_BAD;
  }
  return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* Disables redirects, cookies, .netrc and proxies from the environment: they would send the request
 * elsewhere, or add to it, without the script's knowledge. */
static void set_policy(CURL *e, const fetchspec *s) {
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, s->guard && !s->plain ? "https" : "http,https");
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_PROXY, s->proxy ? s->proxy : "");
  curl_easy_setopt(e, CURLOPT_NOPROXY, s->no_proxy ? s->no_proxy : "");
  curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* the proxy's, not the response's */
  curl_easy_setopt(e, CURLOPT_HAPROXYPROTOCOL, s->proxy_head ? 1L : 0L);
  curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  /* A pinned key is stronger than any authority, even if the certificate has another name. */
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, s->pin ? 0L : 1L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, s->pin ? 0L : 2L);
  curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, s->pin);
  curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* never join the resolver's thread */
  curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(e, CURLOPT_USERAGENT, "human/" HUMAN_VERSION);
}

static void set_message(CURL *e, const fetchspec *s) {
  bool head = strcmp(s->method, "HEAD") == 0;
  curl_easy_setopt(e, CURLOPT_URL, s->url);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, s->headers);
  if (head) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
  if (s->body) {
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, s->body);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->body_n);
  }
  if (s->parts) {
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)fetchbody_size(s->parts));
  }
  curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, s->method);
  /* Asks for an uncompressed stream, since compression
   * delays data; but some servers compress anyway. */
  curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, s->stream ? "" : "gzip");
  if (!head) curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)s->max_bytes);
}

static int set_limits(CURL *e, const fetch *f) {
  double waited = (double)(uv_now(loop_uv()) - f->since);
  double total = f->spec.timeout_s * 1000 - waited, connect = f->spec.connect_timeout_s * 1000;
  if (total < 1) return HOST_ETIMEOUT;
  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)total);
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect < total ? connect : total));
  return 0;
}

static void set_callbacks(CURL *e, fetch *f) {
  curl_easy_setopt(e, CURLOPT_PRIVATE, f);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, f->error);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, f);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, f);
  curl_easy_setopt(e, CURLOPT_READFUNCTION, on_more);
  curl_easy_setopt(e, CURLOPT_READDATA, f);
  curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
  curl_easy_setopt(e, CURLOPT_SEEKDATA, f);
  curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request);
  curl_easy_setopt(e, CURLOPT_PREREQDATA, f);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, f);
}

static group *group_of(const fetch *f) { return &groups[f->spec.guard]; }

int fetchmulti_add(fetch *f) {
  CURL *e = f->easy = curl_easy_init();
  if (!e) return HOST_EFULL;
  f->begun = false;
  int r = set_limits(e, f);
  if (r == 0) {
    set_policy(e, &f->spec);
    set_message(e, &f->spec);
    set_callbacks(e, f);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, f->again ? 1L : 0L);
    if (curl_multi_add_handle(group_of(f)->multi, e) == CURLM_OK) return 0;
    r = HOST_EFULL;
  }
  curl_easy_cleanup(e);
  f->easy = NULL;
  return r;
}

void fetchmulti_remove(fetch *f, bool ended) {
  if (!f->easy) return;
  if (!ended) curl_easy_setopt(f->easy, CURLOPT_FORBID_REUSE, 1L);
  curl_multi_remove_handle(group_of(f)->multi, f->easy);
  curl_easy_cleanup(f->easy);
  f->easy = NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

static int group_init(group *g) {
  g->multi = curl_multi_init();
  if (!g->multi) return -1;
  uv_timer_init(loop_uv(), &g->timer);
  g->timer.data = g;
  curl_multi_setopt(g->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
  curl_multi_setopt(g->multi, CURLMOPT_SOCKETDATA, g);
  curl_multi_setopt(g->multi, CURLMOPT_TIMERFUNCTION, set_timer);
  curl_multi_setopt(g->multi, CURLMOPT_TIMERDATA, g);
  curl_multi_setopt(g->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  curl_multi_setopt(g->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
  return 0;
}

/* curl's memory has secrets in it: requests, passwords of proxies. */
static void wipe_free(void *p) {
  if (p) explicit_bzero(p, malloc_usable_size(p));
  free(p);
}

static void *wipe_realloc(void *p, size_t n) {
  size_t had = p ? malloc_usable_size(p) : 0;
  void *to = malloc(n);
  if (!to) return NULL;
  if (p) memcpy(to, p, had < n ? had : n);
  wipe_free(p);
  return to;
}

int fetchmulti_init(void (*done)(fetch *f, CURLcode result)) {
  on_done = done;
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free, wipe_realloc, strdup, calloc) != CURLE_OK)
    return -1;
  return group_init(&groups[0]) < 0 || group_init(&groups[1]) < 0 ? -1 : 0;
}

void fetchmulti_stop(void) {
  for (int i = 0; i < 2; i++) {
    if (!groups[i].multi) continue;
    curl_multi_cleanup(groups[i].multi);
    groups[i].multi = NULL;
    uv_close((uv_handle_t *)&groups[i].timer, NULL);
  }
}
