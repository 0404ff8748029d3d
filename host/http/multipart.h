/* SPDX-License-Identifier: MIT
 * multipart.h -- parses multipart/form-data (RFC 7578, RFC 2046 5.1) piece by piece as its bytes arrive.
 *
 * Knows no socket and no file.  The caller pulls one piece after the
 * other, and may stop between any two. However the bytes are split,
 * the pieces add up to the same.  Buffers no data of parts. */
#ifndef HUMAN_MULTIPART_H
#define HUMAN_MULTIPART_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MULTIPART_BOUNDARY = 70,   /* RFC 2046, 5.1.1 */
  MULTIPART_HEAD = 4096,     /* the header fields of one part */
  MULTIPART_FIELDS = 16,     /* at most this many of them */
  MULTIPART_NAME = 256,
  MULTIPART_FILENAME = 1024,
  MULTIPART_PREAMBLE = 4096, /* before the first boundary, and as much after the last one */
  MULTIPART_HELD = MULTIPART_BOUNDARY + 4 /* a piece may exceed its input by this much */
};

typedef enum {
  MULTIPART_MORE,  /* all input was consumed; more is needed */
  MULTIPART_PART,  /* a part begins: name, filename and type say which */
  MULTIPART_DATA,  /* data of that part, in p and n: from the input, or held back before */
  MULTIPART_ENDED, /* that part is complete */
  MULTIPART_BAD    /* malformed, see `why`; nothing follows */
} multipart_piece;

typedef struct {
  uint8_t state;
  uint8_t marker_n, matched; /* "\r\n--boundary": its length; bytes of it matched so far */
  bool in_part;
  uint16_t outside;          /* bytes of preamble or epilogue */
  size_t head_n, name_n, filename_n, type_n;
  bool has_filename;
  const char *why;
  const char *p; /* MULTIPART_DATA */
  size_t n;
  char marker[MULTIPART_HELD + 2];
  char head[MULTIPART_HEAD];
  char name[MULTIPART_NAME], filename[MULTIPART_FILENAME], type[MULTIPART_NAME];
} multipart;

/* 0, or -1: an invalid boundary. */
int multipart_start(multipart *m, const char *boundary, size_t n);
multipart_piece multipart_next(multipart *m, const char *p, size_t n, size_t *used);
bool multipart_complete(const multipart *m); /* the last boundary was seen */
#endif
