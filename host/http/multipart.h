/* SPDX-License-Identifier: MIT
 * multipart.h -- parses multipart/form-data (RFC 7578, RFC 2046 5.1) piece by piece as its bytes arrive.
 *
 * Knows no socket and no file.  The caller pulls one piece after the other, and may stop between any two;
 * however the bytes are split, the pieces joined are the same.  Holds no data of parts. */
#ifndef HUMAN_MULTIPART_H
#define HUMAN_MULTIPART_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MULTIPART_BOUNDARY = 70,   /* RFC 2046, 5.1.1 */
  MULTIPART_HEAD = 4096,     /* the header fields of one part */
  MULTIPART_FIELDS = 16,     /* how many of those there are */
  MULTIPART_NAME = 256,
  MULTIPART_FILENAME = 1024,
  MULTIPART_PREAMBLE = 4096, /* in front of the first boundary, and as much behind the last one */
  MULTIPART_HELD = MULTIPART_BOUNDARY + 4 /* a piece of data may be so much longer than what was fed */
};

typedef enum {
  MULTIPART_MORE,  /* all was taken, and more is wanted */
  MULTIPART_PART,  /* a part begins: name, filename and type say which */
  MULTIPART_DATA,  /* data of that part, in p and n: what was fed, or what was held back */
  MULTIPART_ENDED, /* that part is complete */
  MULTIPART_BAD    /* it is none; why says so.  Nothing follows. */
} multipart_piece;

typedef struct {
  uint8_t state;
  uint8_t marker_n, matched; /* of "\r\n--boundary": its length, and how much of it was just seen */
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

/* 0, or -1: that is no boundary. */
int multipart_start(multipart *m, const char *boundary, size_t n);
multipart_piece multipart_next(multipart *m, const char *p, size_t n, size_t *used);
bool multipart_complete(const multipart *m); /* the last boundary was seen */
#endif
