/* SPDX-License-Identifier: MIT
 * brokerwire.h -- the protocol between worker, broker and keeper.
 *
 * A request is one message on the worker's channel: a wire_head, then NUL-terminated strings, and
 * four descriptors: the worker's line to the program's keeper (a SOCK_SEQPACKET end), and the
 * program's descriptors 0 to 2.  All answers come on that line.  When it is closed, the program
 * ends.  A reader trusts nothing: it checks counts and lengths against the message. */
#ifndef HUMAN_BROKERWIRE_H
#define HUMAN_BROKERWIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  WIRE_BYTES = 128 << 10, /* of one request */
  WIRE_STRINGS = 1024,    /* of each kind */
  WIRE_TEXT = 256,
  WIRE_FDS = 4
};

enum { WIRE_CPU_S, WIRE_MEMORY, WIRE_FILES, WIRE_PROCESSES, WIRE_FILE_BYTES, WIRE_LIMITS };

/* Without WIRE_BOX, Landlock is not used, and seccomp refuses only calls that no program needs. */
enum { WIRE_BOX = 1, WIRE_STRICT = 2, WIRE_NETWORK = 4, WIRE_UNIX = 8 };

typedef struct {
  uint32_t flags, umask, grace_ms;
  uint32_t args, env, read, write; /* strings of each; the directory precedes them */
  uint64_t limit[WIRE_LIMITS];     /* 0: the broker's default */
} wire_head;

typedef struct {
  wire_head head;
  const char *directory;
  char *args[WIRE_STRINGS + 1], *env[WIRE_STRINGS + 1], *read[WIRE_STRINGS + 1],
      *write[WIRE_STRINGS + 1]; /* each ends with NULL */
} wire_call;

/* Messages from the worker: end the program (SIGTERM, then SIGKILL), or kill it. */
enum { WIRE_END = 'e', WIRE_KILL = 'k' };

/* Messages from the keeper. */
enum { WIRE_STARTED = 1, WIRE_REFUSED, WIRE_ENDED, WIRE_LOST };
enum { WIRE_AT_LIMITS = 1, WIRE_AT_DIRECTORY, WIRE_AT_BOX, WIRE_AT_PROGRAM, WIRE_AT_START };
typedef struct {
  int32_t kind;
  int32_t value;        /* STARTED: the pid; REFUSED: WIRE_AT_*; ENDED: as from wait(2) */
  int32_t error;        /* REFUSED: errno */
  char text[WIRE_TEXT]; /* REFUSED: which path */
} wire_answer;

/* 0, or -1 if the message is malformed.  `call` points into it. */
int wire_read(char *message, size_t n, wire_call *call);

/* Receives a message of at most `max` bytes with its descriptors.  Its length, or -1 with errno.
 * EBADMSG: it is too large, or does not have WIRE_FDS descriptors; they are closed. */
long wire_receive(int channel, char *out, size_t max, int fds[WIRE_FDS]);
int wire_send(int channel, const char *message, size_t n, const int fds[WIRE_FDS]); /* 0; -1, errno */
int wire_say(int line, const wire_answer *answer);
#endif
