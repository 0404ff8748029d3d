/* SPDX-License-Identifier: MIT
 * settings.c -- see settings.h.  Owns only its result buffers; scripts decide what is valid. */
#include "server/settings.h"

#include <math.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/confextra.h"
#include "core/conffile.h"
#include "core/conftable.h"
#include "core/confunit.h"
#include "core/link.h"
#include "core/pack.h"
#include "core/wholefile.h"
#include "server/bundle.h"

enum { LIST_MAX = 1 << 20, NAME_BYTES = 128 };

void settings_serve(int generation) {
  size_t n;
  const char *entries = bundle_settings(generation, &n);
  confextra_use(entries, n);
}

static int copy(char *out, const host_str *text) {
  if (text->n >= NAME_BYTES || (text->n && memchr(text->p, 0, text->n))) return -1;
  if (text->n) memcpy(out, text->p, text->n);
  out[text->n] = 0;
  return 0;
}

static const char *type_name(int type) {
  static const char *const names[] = {[CONFJSON_STRING] = "string", [CONFJSON_NUMBER] = "number",
                                      [CONFJSON_BOOL] = "bool", [CONFJSON_NULL] = "null",
                                      [CONFJSON_LIST] = "list", [CONFJSON_OBJECT] = "object"};
  return type >= 0 && type <= CONFJSON_OBJECT ? names[type] : "word";
}

int host_setting(int generation, host_str *name, host_str *variable, host_str *out) {
  static buf b = {.max = LIST_MAX};
  char asked[NAME_BYTES], second[NAME_BYTES];
  size_t n = conffile_first()->n;
  confextra e;
  const char *entries = generation ? bundle_settings(generation, &n) : conffile_first()->p;
  if (copy(asked, name) || copy(second, variable)) return HOST_EINVAL;
  if (!confextra_find(entries, n, asked, second, &e)) return 0;
  b.n = 0;
  if (pack_array(&b, 3) || pack_z(&b, type_name(e.type)) || pack_z(&b, e.text) || pack_z(&b, e.source))
    return HOST_EFULL;
  *out = (host_str){b.p, (uint32_t)b.n};
  return 1;
}

int host_setting_secret(host_str *name, host_str *variable) {
  char asked[NAME_BYTES], second[NAME_BYTES];
  if (copy(asked, name) || copy(second, variable)) return HOST_EINVAL;
  return confextra_alias(asked, second) ? HOST_EFULL : 0;
}

/* ---- all values ---- */

static int pack_entry(buf *b, const confextra *e) {
  return pack_array(b, 3) || pack_z(b, e->name) || pack_z(b, type_name(e->type)) || pack_z(b, e->source);
}

static int pack_given(buf *b, const char *entries, size_t n) {
  confextra e;
  uint32_t count = 0;
  const char *at = entries;
  while (confextra_next(&at, entries + n, &e)) count++;
  for (size_t i = 0; confextra_each_flag(i, &e); i++) count++;
  int failed = pack_z(b, "given") || pack_array(b, count);
  at = entries;
  while (!failed && confextra_next(&at, entries + n, &e)) failed = pack_entry(b, &e);
  for (size_t i = 0; !failed && confextra_each_flag(i, &e); i++) failed = pack_entry(b, &e);
  return failed;
}

static int pack_names(buf *b) {
  uint32_t count = 0;
  while (confextra_each_variable(count)) count++;
  int failed = pack_z(b, "variables") || pack_array(b, count);
  for (uint32_t i = 0; !failed && i < count; i++) failed = pack_z(b, confextra_each_variable(i));
  failed = failed || pack_z(b, "own") || pack_array(b, (uint32_t)conf_count);
  for (size_t i = 0; !failed && i < conf_count; i++) failed = pack_z(b, conf_at(i)->rule->name);
  return failed;
}

int host_settings(int generation, host_str *out) {
  static buf b = {.max = LIST_MAX};
  size_t n;
  const char *entries = bundle_settings(generation, &n);
  b.n = 0;
  if (pack_map(&b, 3) || pack_given(&b, entries ? entries : "", n) || pack_names(&b)) return HOST_EFULL;
  *out = (host_str){b.p, (uint32_t)b.n};
  return 0;
}

/* ---- a change ---- */

typedef struct { op op; } change;

/* The supervisor may still carry out the change. */
static void on_cancel(op *o) {
  op_done(o, HOST_ECANCELED, NULL, 0);
  free(o);
}

static int memory(const host_str *request) {
  int fd = memfd_create("human-settings", MFD_CLOEXEC);
  if (fd >= 0 && write(fd, request->p, request->n) == (ssize_t)request->n) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

host_id settings_ask(int control, host_id owner, const host_str *request) {
  static link_message m;
  change *c = calloc(1, sizeof *c);
  host_id id = c ? op_open(&c->op, OP_CHANGE, owner, on_cancel) : HOST_EFULL;
  if (id < 0) return free(c), id;
  int fd = memory(request);
  m = (link_message){.kind = LINK_CHANGE, .generation = id};
  int failed = fd < 0 || link_send(control, &m, fd);
  if (fd >= 0) close(fd);
  if (!failed) return id;
  op_close(&c->op);
  free(c);
  return HOST_EFULL;
}

int host_settings_hash(host_str *out) {
  static char hex[2 * SHA256_DIGEST_LENGTH + 1];
  unsigned char sum[SHA256_DIGEST_LENGTH];
  buf text = {.max = CONFFILE_MAX};
  const char *own = conffile_own(), *path = access(own, F_OK) ? conffile_path() : own;
  if (wholefile_read(path, &text)) text.n = 0;
  SHA256((const unsigned char *)(text.n ? text.p : ""), text.n, sum);
  if (text.p) explicit_bzero(text.p, text.n);
  buf_free(&text);
  for (size_t i = 0; i < sizeof sum; i++) snprintf(hex + 2 * i, 3, "%02x", sum[i]);
  *out = (host_str){hex, sizeof hex - 1};
  return 0;
}

void settings_changed(host_id id, int ok, const char *text) {
  op *o = op_find(id, OP_CHANGE);
  if (!o) return;
  op_done(o, ok, text, strlen(text));
  free(o);
}

/* ---- units ---- */

double host_setting_number(host_str *name, host_str *text) {
  char asked[NAME_BYTES], value[NAME_BYTES];
  double num;
  return copy(asked, name) || copy(value, text) || confunit_parse(asked, value, &num) ? NAN : num;
}

int host_setting_units(host_str *name, host_str *out) {
  char asked[NAME_BYTES];
  const char *examples = copy(asked, name) ? NULL : confunit_examples(asked);
  *out = (host_str){examples, (uint32_t)(examples ? strlen(examples) : 0)};
  return examples != NULL;
}
