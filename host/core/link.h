/* SPDX-License-Identifier: MIT
 * link.h -- messages about reloads between the supervisor and one worker, over a SOCK_SEQPACKET pair,
 * never blocking.  End of file tells a worker that its supervisor has died. */
#ifndef HUMAN_LINK_H
#define HUMAN_LINK_H
#include <stdint.h>

enum { LINK_TEXT = 4000 };

typedef enum {
  LINK_PREPARE = 1, /* to the worker, with the bundle's memfd: build this generation, and vote */
  LINK_COMMIT,      /* to the worker: serve it from now on */
  LINK_ABORT,       /* to the worker: forget it */
  LINK_VOTE,        /* from the worker: ok, or the reason in `text` */
  LINK_SERVING,     /* from the worker: the generation answers new requests */
  LINK_CHANGE,      /* from the worker, with a memfd: change the settings file; generation: its op */
  LINK_CHANGED,     /* to the worker: ok, or `text`: a line that begins with a code, and why */
  LINK_ASIDE,       /* from the worker, with a memfd: do this in a process of its own; generation: its op */
  LINK_ASIDED       /* to the worker: ok, and the memfd has the answer; or why not in `text` */
} link_kind;

typedef struct {
  int32_t kind, generation, ok;
  char text[LINK_TEXT]; /* NUL-terminated; the unused rest is not sent */
} link_message;

int link_pair(int fd[2]);                                         /* 0 or -1, errno */
int link_send(int fd, const link_message *m, int passed_fd);      /* passed_fd -1: none; 0 or -1 */
int link_receive(int fd, link_message *m, int *passed_fd);        /* 1, 0: closed, -1: nothing now */
#endif
