/* SPDX-License-Identifier: MIT
 * dbjob.c -- see dbjob.h.  Owns the texts of a job; knows nothing of connections. */
#include "pg/dbjob.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pack.h"

enum { ERROR_MAX = 64 << 10, RESULT_HEAD = 256 };

static int job_count;

int dbjob_count(void) { return job_count; }

dbjob *dbjob_new(void) {
  dbjob *j = calloc(1, sizeof *j);
  if (!j) return NULL;
  buf_init(&j->text, DBJOB_TEXT_MAX);
  buf_init(&j->error, ERROR_MAX);
  dbrows_init(&j->rows);
  job_count++;
  return j;
}

void dbjob_free(dbjob *j) {
  if (j->op.id) op_close(&j->op);
  buf_free(&j->text);
  buf_free(&j->error);
  dbrows_free(&j->rows);
  free(j->params);
  free(j);
  job_count--;
}

static uint32_t hash_text(const char *p, size_t n) {
  uint32_t h = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)p[i]) * 16777619u;
  return h;
}

static int add_z(buf *b, const char *p, size_t n) {
  if (!buf_reserve(b, n + 1)) return HOST_EFULL;
  buf_add(b, p, n);
  return buf_add(b, "", 1);
}

int dbjob_add(dbjob *j, const char *sql, size_t n) {
  if (j->steps == DBJOB_STEPS) return HOST_EFULL;
  size_t at = j->text.n;
  if (add_z(&j->text, sql, n) < 0) return HOST_EFULL;
  j->step[j->steps++] = (dbstep){.at = at, .len = n, .hash = hash_text(sql, n)};
  return 0;
}

/* Parameters point into the text, which may move when it grows: they are offsets meanwhile. */
int dbjob_insert(dbjob *j, int i, const char *sql, size_t n) {
  char *was = j->text.p;
  for (int k = 0; k < j->nparams; k++)
    if (j->params[k]) j->params[k] = (const char *)(j->params[k] - was + 1);
  int e = dbjob_add(j, sql, n);
  for (int k = 0; k < j->nparams; k++)
    if (j->params[k]) j->params[k] = j->text.p + ((uintptr_t)j->params[k] - 1);
  if (e < 0) return e;
  dbstep s = j->step[j->steps - 1];
  memmove(&j->step[i + 1], &j->step[i], sizeof s * (size_t)(j->steps - 1 - i));
  j->step[i] = s;
  return 0;
}

/* ---- parameters: packed {n, v1, .. vn} ------------------------------------------------------- */

static int add_number(buf *b, const pack_value *v) {
  char text[40];
  double d = v->num;
  int n;
  if (isnan(d)) n = snprintf(text, sizeof text, "NaN");
  else if (isinf(d)) n = snprintf(text, sizeof text, d > 0 ? "Infinity" : "-Infinity");
  else if (d == floor(d) && fabs(d) < 1e18) n = snprintf(text, sizeof text, "%lld", (long long)d);
  else n = snprintf(text, sizeof text, "%.17g", d);
  return add_z(b, text, (size_t)n);
}

/* Stores offsets until the text has stopped growing, then
 * pointers: offset + 1, so that 0 is NULL. */
static int add_param(dbjob *j, int i, const pack_value *v) {
  uintptr_t at = j->text.n + 1;
  int r = 0;
  switch (v->type) {
    case PACK_NIL:
    case PACK_NULL: at = 0; break;
    case PACK_BOOL: r = add_z(&j->text, v->b ? "t" : "f", 1); break;
    case PACK_NUM: r = add_number(&j->text, v); break;
    case PACK_STR:
      if (memchr(v->s, 0, v->n)) return HOST_EINVAL; /* PostgreSQL cannot store NUL in text */
      r = add_z(&j->text, v->s, v->n);
      break;
    default: return HOST_EINVAL;
  }
  j->params[i] = (const char *)at;
  return r;
}

/* Lua may keep part of an array with holes in the table's hash part. */
static int add_hashed(dbjob *j, pack_reader *r, uint32_t pairs) {
  for (; pairs; pairs--) {
    pack_value key, v;
    if (pack_read(r, &key) != PACK_NUM || !key.is_int) return HOST_EINVAL;
    if (key.num < 2 || key.num > j->nparams + 1) return HOST_EINVAL;
    if (pack_read(r, &v) < 0) return HOST_EINVAL;
    int e = add_param(j, (int)key.num - 2, &v);
    if (e < 0) return e;
  }
  return 0;
}

static int read_params(dbjob *j, const host_str *blob) {
  pack_reader r = {(const unsigned char *)blob->p, (const unsigned char *)blob->p + blob->n};
  pack_value t, v;
  if (blob->n == 0) return 0;
  if (pack_read(&r, &t) != PACK_TABLE || t.zero_based) return HOST_EINVAL;
  if (t.array == 0) return t.hash ? HOST_EINVAL : 0;
  if (pack_read(&r, &v) != PACK_NUM || !v.is_int || v.num < 0 || v.num > DBJOB_PARAMS)
    return HOST_EINVAL;
  j->nparams = (int)v.num;
  if (t.array - 1 > (uint32_t)j->nparams) return HOST_EINVAL;
  j->params = calloc((size_t)j->nparams + 1, sizeof *j->params);
  if (!j->params) return HOST_EFULL;
  for (uint32_t i = 0; i + 1 < t.array; i++) {
    int e = pack_read(&r, &v) < 0 ? HOST_EINVAL : add_param(j, (int)i, &v);
    if (e < 0) return e;
  }
  int e = add_hashed(j, &r, t.hash);
  if (e < 0) return e;
  return r.p == r.end ? 0 : HOST_EINVAL;
}

static int add_query(dbjob *j, const host_str *sql, const host_str *params) {
  if (sql->n == 0 || sql->n > DBJOB_SQL_MAX || memchr(sql->p, 0, sql->n)) return HOST_EINVAL;
  int e = dbjob_add(j, sql->p, sql->n);
  if (e == 0) e = read_params(j, params);
  if (e < 0) return e;
  for (int i = 0; i < j->nparams; i++) {
    uintptr_t at = (uintptr_t)j->params[i];
    j->params[i] = at ? j->text.p + (at - 1) : NULL;
  }
  return 0;
}

host_id dbjob_query(dbjob *j, const host_str *sql, const host_str *params, host_id owner,
                    void (*cancel)(op *)) {
  int steps = j->steps;
  size_t n = j->text.n;
  host_id id = add_query(j, sql, params);
  if (id == 0) id = op_open(&j->op, OP_QUERY, owner, cancel);
  j->wanted = id > 0;
  if (id > 0) return id;
  free(j->params);
  j->params = NULL;
  j->nparams = 0;
  j->steps = steps;
  j->text.n = n;
  return id;
}

/* ---- finishing ------------------------------------------------------------------------------- */

bool dbjob_open(const dbjob *j) { return j->op.id != 0; }

void dbjob_finish(dbjob *j, int status, const void *data, size_t n) {
  if (j->op.id) op_done(&j->op, status, data, n);
}

void dbjob_note_tag(dbjob *j, PGresult *last) {
  const char *n = PQcmdTuples(last);
  snprintf(j->tag, sizeof j->tag, "%s", PQcmdStatus(last));
  j->affected = *n ? strtod(n, NULL) : 0;
}

static int pack_result(const dbjob *j, buf *out) {
  if (pack_map(out, 3) < 0 || pack_z(out, "n") < 0 || pack_num(out, j->affected) < 0) return -1;
  if (pack_z(out, "tag") < 0 || pack_z(out, j->tag) < 0 || pack_z(out, "rows") < 0) return -1;
  if (pack_array(out, j->rows.n) < 0) return -1;
  return buf_add(out, j->rows.b.p, j->rows.b.n);
}

void dbjob_succeed(dbjob *j) {
  if (!j->op.id) return;
  buf out;
  buf_init(&out, 0);
  if (!buf_reserve(&out, j->rows.b.n + RESULT_HEAD) || pack_result(j, &out) < 0) {
    buf_free(&out);
    op_done(&j->op, HOST_EFULL, NULL, 0);
    return;
  }
  op_done_own(&j->op, 0, out.p, out.n);
}

void dbjob_rewind(dbjob *j) {
  j->conn = NULL;
  j->sent = j->joined = j->failed = j->suspect = j->unprepared = false;
  j->status = 0;
  j->at = 0;
  j->error.n = 0;
  j->sqlstate[0] = 0;
  dbrows_reset(&j->rows);
  for (int i = 0; i < j->steps; i++) {
    j->step[i].serial = 0;
    j->step[i].preparing = false;
  }
}

/* ---- lists ----------------------------------------------------------------------------------- */

void dbjobs_push(dbjobs *q, dbjob *j) {
  j->next = NULL;
  if (q->last) q->last->next = j;
  else q->first = j;
  q->last = j;
  q->n++;
}

void dbjobs_push_front(dbjobs *q, dbjob *j) {
  j->next = q->first;
  q->first = j;
  if (!q->last) q->last = j;
  q->n++;
}

dbjob *dbjobs_pop(dbjobs *q) {
  dbjob *j = q->first;
  if (!j) return NULL;
  q->first = j->next;
  if (!q->first) q->last = NULL;
  j->next = NULL;
  q->n--;
  return j;
}
