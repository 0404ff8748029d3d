/* SPDX-License-Identifier: MIT
 * preface.c -- a connection's PROXY head (http.proxy_protocol),
 * which comes before everything else, even before TLS.
 *
 * See preface.h.  Listener and peer decide whether a head is expected, never the bytes: with
 * http.trusted_proxies only those peers send one, without it all do.  It must arrive within
 * limits.head_timeout_ms.  Owns: nothing; an incomplete head waits in c->in.
 * Must never: accept an address from a peer that the settings do not name. */
#include "net/preface.h"

#include <string.h>

#include "core/conf.h"
#include "core/log.h"
#include "net/conn.h"
#include "net/listen.h"
#include "net/proxyhead.h"

enum { LOG_MS = 1000 };

bool preface_wanted(int listener, bool trusted) {
  const char *setting = conf_str("http.proxy_protocol");
  if (!strcmp(setting, "off") || (!trusted && peer_trusts_any())) return false;
  if (!strcmp(setting, "on")) return true;
  return !strcmp(setting, "agent_port") == (listener == LISTEN_AGENT);
}

bool preface_wanted_here(void) {
  peer here;
  return peer_parse(&here, "127.0.0.1", 9) && preface_wanted(LISTEN_MAIN, peer_is_trusted(&here));
}

/* Any client can cause this: log at most one line a second. */
static size_t refuse(conn *c, const char *what) {
  static uint64_t logged_at, unsaid;
  char ip[PEER_TEXT];
  unsaid++;
  if (!logged_at || conn_now() - logged_at >= LOG_MS) {
    peer_text(&c->peer, ip);
    log_fmt(LOG_WARN, "PROXY protocol: %s from %s; %d such connections were closed", what, ip, (int)unsaid);
    logged_at = conn_now();
    unsaid = 0;
  }
  conn_close(c);
  return 0;
}

static void believe(conn *c, proxyhead what, const peer *source) {
  bool trusted = c->from & CONN_TRUSTED;
  c->from &= CONN_INNER;
  if (what == PROXYHEAD_SOURCE) c->peer = *source;
  if (what != PROXYHEAD_SOURCE || !trusted) c->from |= CONN_VEILED;
  else if (peer_is_trusted(&c->peer)) c->from |= CONN_TRUSTED;
}

size_t preface_take(conn *c, const char *p, size_t n) {
  size_t before = c->in.n, used, room = PROXYHEAD_MAX - before;
  peer source;
  if (conn_hold(c, p, n < room ? n : room)) return refuse(c, "no memory for a head");
  proxyhead what = proxyhead_parse(c->in.p, c->in.n, &source, &used);
  if (what == PROXYHEAD_MORE) return n;
  if (what == PROXYHEAD_BAD) return refuse(c, "no head, or a malformed one,");
  c->preface = false;
  buf_free(&c->in);
  believe(c, what, &source);
  return used - before;
}
