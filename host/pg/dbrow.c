/* SPDX-License-Identifier: MIT
 * dbrow.c -- see dbrow.h.  Types by OID (src/include/catalog/pg_type.dat); all others
 * stay text as PostgreSQL prints it.  Relies on DateStyle ISO and TimeZone UTC. */
#include "pg/dbrow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/pack.h"

enum {
  OID_BOOL = 16,
  OID_BYTEA = 17,
  OID_INT8 = 20,
  OID_INT2 = 21,
  OID_INT4 = 23,
  OID_OID = 26,
  OID_FLOAT4 = 700,
  OID_FLOAT8 = 701,
  OID_TIMESTAMPTZ = 1184,
  FIELD_MAX = 4096 /* bytes of one field of an error */
};

static const long long exact_max = 9007199254740992; /* 2^53: beyond it a double skips integers */

void dbrows_init(dbrows *r) {
  buf_init(&r->b, DBROWS_MAX);
  r->n = 0;
}

void dbrows_reset(dbrows *r) {
  r->b.n = 0;
  r->n = 0;
}

void dbrows_free(dbrows *r) {
  buf_free(&r->b);
  r->n = 0;
}

static int add_integer(buf *b, const char *text, size_t n) {
  errno = 0;
  long long v = strtoll(text, NULL, 10);
  if (errno || v > exact_max || v < -exact_max) return pack_str(b, text, n);
  if (v >= INT32_MIN && v <= INT32_MAX) return pack_int(b, (int32_t)v);
  return pack_num(b, (double)v);
}

static int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* bytea_output hex: \x4142.  Writes the head of a string of
 * the right length, then the decoded bytes. */
static int add_bytes(buf *b, const char *text, size_t n) {
  if (n < 2 || text[0] != '\\' || text[1] != 'x' || n % 2) return pack_str(b, text, n);
  size_t count = n / 2 - 1, start = b->n;
  if (pack_str(b, text + 2, count) < 0) return -1;
  char *to = b->p + b->n - count;
  for (size_t i = 0; i < count; i++) {
    int hi = nibble(text[2 + 2 * i]), lo = nibble(text[3 + 2 * i]);
    if (hi < 0 || lo < 0) {
      b->n = start;
      return pack_str(b, text, n);
    }
    to[i] = (char)(hi << 4 | lo);
  }
  return 0;
}

static bool matches(const char *text, const char *shape) {
  for (; *shape; shape++, text++) {
    bool digit = *text >= '0' && *text <= '9';
    if (*shape == '9' ? !digit : *text != *shape) return false;
  }
  return true;
}

/* 2025-11-27 10:00:00.123456+00 becomes 2025-11-27T10:00:00.123Z
 * (milliseconds truncated, not rounded, as in JavaScript).  Infinity,
 * years BC and beyond 9999 stay as PostgreSQL prints them. */
static int add_time(buf *b, const char *text, size_t n) {
  char iso[25] = "0000-00-00T00:00:00.000Z";
  if (n < 22 || n > 29 || !matches(text, "9999-99-99 99:99:99")) return pack_str(b, text, n);
  if (memcmp(text + n - 3, "+00", 3) != 0) return pack_str(b, text, n);
  memcpy(iso, text, 10);
  memcpy(iso + 11, text + 11, 8);
  if (text[19] == '.')
    for (size_t i = 0; i < 3 && 20 + i < n - 3; i++) iso[20 + i] = text[20 + i];
  return pack_str(b, iso, 24);
}

static int add_value(buf *b, Oid type, const char *text, size_t n) {
  switch (type) {
    case OID_BOOL: return pack_bool(b, *text == 't');
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_OID: return add_integer(b, text, n);
    case OID_FLOAT4:
    case OID_FLOAT8: return pack_num(b, strtod(text, NULL));
    case OID_BYTEA: return add_bytes(b, text, n);
    case OID_TIMESTAMPTZ: return add_time(b, text, n);
    default: return pack_str(b, text, n);
  }
}

static int add_row(buf *b, const PGresult *res, int row, int columns) {
  uint32_t present = 0;
  for (int c = 0; c < columns; c++) present += !PQgetisnull(res, row, c);
  if (pack_map(b, present) < 0) return -1;
  for (int c = 0; c < columns; c++) {
    if (PQgetisnull(res, row, c)) continue;
    if (pack_z(b, PQfname(res, c)) < 0) return -1;
    const char *text = PQgetvalue(res, row, c);
    if (add_value(b, PQftype(res, c), text, (size_t)PQgetlength(res, row, c)) < 0) return -1;
  }
  return 0;
}

int dbrows_add(dbrows *r, const PGresult *res) {
  int rows = PQntuples(res), columns = PQnfields(res);
  for (int i = 0; i < rows; i++) {
    if (add_row(&r->b, res, i, columns) < 0) return -1;
    r->n++;
  }
  return 0;
}

int dbrow_error(const PGresult *res, buf *out) {
  static const struct { const char *name; int field; } fields[] = {
      {"code", PG_DIAG_SQLSTATE},           {"message", PG_DIAG_MESSAGE_PRIMARY},
      {"detail", PG_DIAG_MESSAGE_DETAIL},   {"constraint", PG_DIAG_CONSTRAINT_NAME},
      {"column", PG_DIAG_COLUMN_NAME},      {"table", PG_DIAG_TABLE_NAME}};
  enum { COUNT = sizeof fields / sizeof *fields };
  uint32_t present = 0;
  for (int i = 0; i < COUNT; i++) present += PQresultErrorField(res, fields[i].field) != NULL;
  if (pack_map(out, present) < 0) return -1;
  for (int i = 0; i < COUNT; i++) {
    const char *text = PQresultErrorField(res, fields[i].field);
    if (!text) continue;
    if (pack_z(out, fields[i].name) < 0) return -1;
    if (pack_str(out, text, strnlen(text, FIELD_MAX)) < 0) return -1;
  }
  return 0;
}

int dbrow_refusal(const char *sqlstate, const char *message, buf *out) {
  if (pack_map(out, 2) < 0 || pack_z(out, "code") < 0 || pack_z(out, sqlstate) < 0) return -1;
  return pack_z(out, "message") < 0 || pack_z(out, message) < 0 ? -1 : 0;
}
