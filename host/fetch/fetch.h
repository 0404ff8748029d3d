/* SPDX-License-Identifier: MIT
 * fetch.h -- one outbound transfer, and the curl multi handles that carry them (fetchmulti.c).
 * Lua's side is host_fetch() and host_fetch_resume() in host_api.h. */
#ifndef HUMAN_FETCH_H
#define HUMAN_FETCH_H
#include <curl/curl.h>
#include <uv.h>

#include "fetch/fetchhead.h"
#include "fetch/fetchspec.h"

enum {
  FETCH_RUNNING = 256,       /* transfers at a time */
  FETCH_QUEUE = 1024,        /* pending transfers */
  FETCH_UNREAD = 256 << 10   /* a stream pauses after this many bytes without host_fetch_resume() */
};

typedef struct fetch fetch;
struct fetch {
  op op;
  fetch *prev, *next;    /* in the list of pending or running ones */
  fetchspec spec;
  CURL *easy;            /* NULL: pending, or a thread opens its files */
  bool running;
  bool again;            /* retried on a new connection, since the idle one was closed */
  bool begun;            /* its request was handed to a connection */
  bool lost;             /* ended instead of being sent a second time */
  uint64_t since;        /* loop time of the call, ms: waiting counts against the timeout */
  fetchhead head;
  buf body;
  double received;       /* bytes of the body, decoded */
  size_t unread;
  bool paused;
  int refused;           /* why we ended it ourselves: HOST_ELIMIT, HOST_EFULL; 0 */
  bool denied;           /* one of its host's addresses was not allowed */
  char error[CURL_ERROR_SIZE];
};

int fetch_init(void);
void fetch_stop(void);

/* Received data.  Negative: end the transfer; on_body > 0: pause, and deliver it again. */
int fetch_on_header(fetch *f, const char *p, size_t n);
int fetch_on_body(fetch *f, const char *p, size_t n);
/* The bytes to send: see fetchbody_next(). */
long fetch_on_more(fetch *f, char *to, size_t n);
#endif
