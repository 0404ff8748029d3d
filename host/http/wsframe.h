/* SPDX-License-Identifier: MIT
 * wsframe.h -- parses and writes WebSocket frames (RFC 6455, section 5).
 *
 * Knows no socket: ws.c, its specs and its fuzzer pull events from
 * it.  The events do not depend on how the bytes are split. */
#ifndef HUMAN_WSFRAME_H
#define HUMAN_WSFRAME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "http/wsdeflate.h"

enum { WS_CONT = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };
enum { WSF_CONTROL_MAX = 125, WSF_HEAD_MAX = 14 };

typedef enum { WSF_MORE, WSF_MESSAGE, WSF_PING, WSF_PONG, WSF_CLOSE, WSF_ERROR } wsf_kind;

typedef struct {
  int code;          /* message: WS_TEXT or WS_BINARY; close: status code, 1005 for none; error: the
                        status code to close with */
  char *p;           /* the payload; for an error, the reason */
  size_t n;
  bool owned;        /* the caller must free p; otherwise p is valid until the next call */
} wsf_event;

typedef struct {
  uint64_t left;     /* of this frame's payload */
  size_t max;        /* of a message */
  buf message;       /* a message that arrives in several pieces */
  wsinflate *inflate; /* while a compressed message is arriving */
  uint32_t utf8;
  uint8_t mask[4], phase;
  uint8_t head[WSF_HEAD_MAX], head_n;
  uint8_t opcode, fin;
  uint8_t kind;      /* of the incoming message: WS_TEXT, WS_BINARY, 0: none */
  uint8_t control_n;
  bool in_payload, compressed, failed;
  bool deflate;      /* permessage-deflate was negotiated */
  char control[WSF_CONTROL_MAX];
} wsf_reader;

void wsf_start(wsf_reader *r, size_t max, bool deflate);
void wsf_free(wsf_reader *r);
/* Consumes bytes, unmasking them in place, up to the end of one event.  WSF_MORE: all were
 * consumed. After WSF_ERROR nothing more can be read. */
wsf_kind wsf_next(wsf_reader *r, char **p, size_t *n, wsf_event *e);

/* Writes the head of an unmasked frame to `to`; returns its
 * length.  rsv1: the payload is compressed. */
size_t wsf_head(uint8_t to[WSF_HEAD_MAX], int opcode, bool rsv1, size_t n);
bool wsf_code_ok(int code); /* allowed in a close frame? (7.4) */
#endif
