/* SPDX-License-Identifier: MIT
 * brokerspec.c -- see brokerspec.h.  Lua has checked the values (host/lua/exec.lua); this only refuses what
 * the message cannot represent: a NUL in a string, or too many strings; and fills secrets into an environment
 * whose script says so.  Must never leave a copy of that behind. */
#include "server/brokerspec.h"

#include <string.h>

#include "core/pack.h"
#include "core/secretfill.h"
#include "server/brokerwire.h"

enum { INPUT_MAX = 32 << 20, KEPT_MAX = 64 << 20, DIRECTORY_MAX = 4096 };

typedef struct {
  wire_head head;
  char directory[DIRECTORY_MAX];
  buf args, env, read, write;
} parts;

static bool is(const pack_value *name, const char *text) {
  return name->n == strlen(text) && !memcmp(name->s, text, name->n);
}

/* Appends the strings, each with its NUL. */
static int take_list(pack_reader *r, const pack_value *list, buf *out, uint32_t *n) {
  pack_value v;
  if (list->type != PACK_TABLE || list->hash || list->zero_based) return HOST_EINVAL;
  if (list->array > WIRE_STRINGS) return HOST_ELIMIT;
  for (uint32_t i = 0; i < list->array; i++) {
    if (pack_read(r, &v) != PACK_STR || memchr(v.s, 0, v.n)) return HOST_EINVAL;
    if (buf_add(out, v.s, v.n) < 0 || buf_add(out, "", 1) < 0) return HOST_ELIMIT;
  }
  *n = list->array;
  return 0;
}

/* The environment, whose values may hold ${secret:NAME}. */
static int take_secret_env(pack_reader *r, const pack_value *list, parts *p) {
  pack_value v;
  secretfill f = {0};
  if (list->type != PACK_TABLE || list->hash || list->zero_based) return HOST_EINVAL;
  if (list->array > WIRE_STRINGS) return HOST_ELIMIT;
  buf_init(&p->env, WIRE_BYTES);
  if (!buf_reserve(&p->env, WIRE_BYTES)) return HOST_ELIMIT;
  for (uint32_t i = 0; i < list->array; i++) {
    if (pack_read(r, &v) != PACK_STR || memchr(v.s, 0, v.n)) return HOST_EINVAL;
    int e = secretfill_add(&f, &p->env, v.s, v.n, false);
    if (e) return e;
    if (buf_add(&p->env, "", 1) < 0) return HOST_ELIMIT;
  }
  p->head.env = list->array;
  return 0;
}

static int take_text(const pack_value *v, char *out, size_t max) {
  if (v->type != PACK_STR || memchr(v->s, 0, v->n)) return HOST_EINVAL;
  if (v->n >= max) return HOST_ELIMIT;
  memcpy(out, v->s, v->n);
  out[v->n] = 0;
  return 0;
}

static int take_number(const pack_value *v, const pack_value *name, parts *p, brokerspec *s) {
  static const struct { const char *name; int at; } limits[] = {
      {"cpu_s", WIRE_CPU_S}, {"memory_bytes", WIRE_MEMORY}, {"files", WIRE_FILES},
      {"processes", WIRE_PROCESSES}, {"file_bytes", WIRE_FILE_BYTES}};
  if (v->type != PACK_NUM || !(v->num >= 0) || v->num > 9e15) return HOST_EINVAL;
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    if (is(name, limits[i].name)) p->head.limit[limits[i].at] = (uint64_t)v->num;
  if (is(name, "umask")) p->head.umask = (uint32_t)v->num & 0777;
  if (is(name, "grace_ms")) p->head.grace_ms = v->num < 60000 ? (uint32_t)v->num : 60000;
  if (is(name, "max")) s->max = v->num < KEPT_MAX ? (size_t)v->num : KEPT_MAX;
  return 0;
}

static void take_flag(const pack_value *v, const pack_value *name, parts *p, brokerspec *s) {
  static const struct { const char *name; uint32_t flag; } flags[] = {
      {"box", WIRE_BOX}, {"strict", WIRE_STRICT}, {"network", WIRE_NETWORK}, {"unix", WIRE_UNIX}};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (v->b && is(name, flags[i].name)) p->head.flags |= flags[i].flag;
  if (is(name, "stream")) s->stream = v->b;
  if (is(name, "open")) s->open = v->b;
  if (is(name, "strict_max")) s->strict_max = v->b;
}

static int take(pack_reader *r, const pack_value *name, parts *p, brokerspec *s) {
  pack_value v;
  if (name->type != PACK_STR || pack_read(r, &v) < 0) return HOST_EINVAL;
  if (is(name, "args")) return take_list(r, &v, &p->args, &p->head.args);
  if (is(name, "env")) return p->env.p ? HOST_EINVAL : take_list(r, &v, &p->env, &p->head.env);
  if (is(name, "secret_env")) return p->env.p ? HOST_EINVAL : take_secret_env(r, &v, p);
  if (is(name, "read")) return take_list(r, &v, &p->read, &p->head.read);
  if (is(name, "write")) return take_list(r, &v, &p->write, &p->head.write);
  if (is(name, "directory")) return take_text(&v, p->directory, sizeof p->directory);
  if (is(name, "stdin")) {
    if (v.type != PACK_STR) return HOST_EINVAL;
    return buf_add(&s->input, v.s, v.n) < 0 ? HOST_ELIMIT : 0;
  }
  if (v.type == PACK_BOOL) return take_flag(&v, name, p, s), 0;
  return take_number(&v, name, p, s);
}

static int join(const parts *p, buf *out) {
  const buf lists[] = {p->args, p->env, p->read, p->write};
  size_t n = sizeof p->head + strlen(p->directory) + 1;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) n += lists[i].n;
  if (!buf_reserve(out, n)) return HOST_ELIMIT;
  if (buf_add(out, &p->head, sizeof p->head) < 0) return HOST_ELIMIT;
  if (buf_add(out, p->directory, strlen(p->directory) + 1) < 0) return HOST_ELIMIT;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (lists[i].n && buf_add(out, lists[i].p, lists[i].n) < 0) return HOST_ELIMIT;
  return 0;
}

static void free_parts(parts *p) {
  buf_free(&p->args);
  if (p->env.p) explicit_bzero(p->env.p, p->env.n);
  buf_free(&p->env);
  buf_free(&p->read);
  buf_free(&p->write);
}

int brokerspec_read(brokerspec *s, host_str *packed) {
  const unsigned char *p0 = (const unsigned char *)packed->p;
  pack_reader r = {.p = p0, .end = p0 + packed->n};
  pack_value table, name;
  parts p = {0};
  memset(s, 0, sizeof *s);
  buf_init(&s->request, WIRE_BYTES);
  buf_init(&s->input, INPUT_MAX);
  int e = pack_read(&r, &table) == PACK_TABLE && !table.array ? 0 : HOST_EINVAL;
  for (uint32_t i = 0; e == 0 && i < table.hash; i++)
    e = pack_read(&r, &name) < 0 ? HOST_EINVAL : take(&r, &name, &p, s);
  if (e == 0 && !p.head.args) e = HOST_EINVAL;
  if (e == 0) e = join(&p, &s->request);
  free_parts(&p);
  if (e < 0) brokerspec_free(s);
  return e;
}

void brokerspec_free(brokerspec *s) {
  if (s->request.p) explicit_bzero(s->request.p, s->request.n);
  buf_free(&s->request);
  buf_free(&s->input);
}
