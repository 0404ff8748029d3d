/* SPDX-License-Identifier: MIT
 * dnstxt.c -- host_dns_txt(): TXT records of a name, asked by libresolv in the thread pool.
 *
 * Owns: the job.  Must never take the pool's threads, which resolve names for all, with servers that do not
 * answer: AT_ONCE questions at a time, over UDP alone, each for at most WAIT_S seconds a server at first, and
 * twice that the second time. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/loop.h"
#include "core/op.h"
#include "core/pack.h"

enum { AT_ONCE = 2, WAIT_S = 2, TRIES = 2, NAME = 254, ANSWER = 16 << 10, RECORDS = 64, TEXT = 4096 };

typedef struct {
  op o; /* closed once nobody waits for it */
  uv_work_t work;
  char name[NAME];
  struct sockaddr_in server; /* sin_port 0: the system's */
  int result;
  buf out;
} job;

static int at_once;

/* The strings of one record, joined. */
static int add_record(buf *out, const unsigned char *p, size_t n) {
  char text[TEXT];
  size_t len = 0;
  for (size_t at = 0; at < n; at += 1 + (size_t)p[at]) {
    size_t k = p[at];
    if (at + 1 + k > n || len + k > sizeof text) return HOST_EINVAL;
    memcpy(text + len, p + at + 1, k);
    len += k;
  }
  return pack_str(out, text, len) ? HOST_EFULL : 0;
}

/* As a packed list; what is no TXT record (an alias) is not in it. */
static int read_answer(buf *out, const unsigned char *answer, int n) {
  ns_msg msg;
  ns_rr rr[RECORDS];
  int found = 0, e = 0;
  if (ns_initparse(answer, n, &msg)) return HOST_ENET;
  for (int i = 0; i < ns_msg_count(msg, ns_s_an) && found < RECORDS; i++) {
    if (ns_parserr(&msg, ns_s_an, i, &rr[found])) return HOST_ENET;
    found += ns_rr_type(rr[found]) == ns_t_txt;
  }
  if (pack_array(out, (uint32_t)found)) return HOST_EFULL;
  for (int i = 0; i < found && !e; i++) e = add_record(out, ns_rr_rdata(rr[i]), ns_rr_rdlen(rr[i]));
  return e;
}

static int no_answer(int why) {
  if (why == HOST_NOT_FOUND || why == NO_DATA) return HOST_EGONE;
  return why == TRY_AGAIN ? HOST_ETIMEOUT : HOST_ENET;
}

static void on_work(uv_work_t *work) {
  job *j = (job *)((char *)work - offsetof(job, work));
  struct __res_state rs = {0};
  unsigned char answer[ANSWER];
  j->result = HOST_ENET;
  if (res_ninit(&rs)) return;
  rs.retrans = WAIT_S;
  rs.retry = TRIES;
  rs.options |= RES_IGNTC | RES_USE_EDNS0; /* over TCP libresolv waits without end */
  if (j->server.sin_port) {
    rs.nsaddr_list[0] = j->server;
    rs.nscount = 1;
  }
  int n = res_nquery(&rs, j->name, ns_c_in, ns_t_txt, answer, sizeof answer);
  if (n < 0) j->result = no_answer(rs.res_h_errno);
  else j->result = n > ANSWER ? HOST_ELIMIT : read_answer(&j->out, answer, n);
  res_nclose(&rs);
}

static void on_done(uv_work_t *work, int status) {
  job *j = (job *)((char *)work - offsetof(job, work));
  at_once--;
  if (j->o.id) {
    buf out = j->out;
    j->out = (buf){0};
    op_done_own(&j->o, status ? HOST_EFULL : j->result, out.p, out.n);
  }
  buf_free(&j->out);
  free(j);
}

static void on_cancel(op *o) {
  op_done(o, HOST_ECANCELED, NULL, 0); /* on_done frees it; the thread still waits for its answer */
}

/* "1.2.3.4" or "1.2.3.4:53". */
static int read_server(struct sockaddr_in *to, const host_str *server) {
  char text[64], *colon;
  if (server->n >= sizeof text) return HOST_EINVAL;
  memcpy(text, server->p, server->n);
  text[server->n] = 0;
  long port = 53;
  if ((colon = strchr(text, ':'))) {
    *colon = 0;
    port = strtol(colon + 1, &colon, 10);
    if (*colon || port < 1 || port > 65535) return HOST_EINVAL;
  }
  *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  return inet_pton(AF_INET, text, &to->sin_addr) == 1 ? 0 : HOST_EINVAL;
}

host_id host_dns_txt(host_id owner, host_str *name, host_str *server) {
  if (!name->n || name->n >= NAME || memchr(name->p, 0, name->n)) return HOST_EINVAL;
  if (at_once >= AT_ONCE) return HOST_EFULL;
  job *j = calloc(1, sizeof *j);
  if (!j) return HOST_EFULL;
  memcpy(j->name, name->p, name->n);
  host_id id = server->n ? read_server(&j->server, server) : 0;
  if (!id) id = op_open(&j->o, OP_DNS, owner, on_cancel);
  if (id > 0 && uv_queue_work(loop_uv(), &j->work, on_work, on_done)) {
    op_close(&j->o);
    id = HOST_EFULL;
  }
  if (id < 0) return free(j), id;
  at_once++;
  return id;
}
