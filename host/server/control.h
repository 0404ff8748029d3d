/* SPDX-License-Identifier: MIT
 * control.h -- the control socket: a local stream socket for an operator's commands to a running
 * server.  One request per connection, a line ("reload", "status", "pass"); the answer is text, and its
 * last line is "exit N": the exit status of the command that asked.
 *
 * Where: $RUNTIME_DIRECTORY/control.sock (systemd), else control.sock in the setting `home`; mode
 * 0660, for the server's own user and group.  A command that finds no server there tries the
 * service of this machine, /run/human/control.sock, unless it runs from a source tree. */
#ifndef HUMAN_CONTROL_H
#define HUMAN_CONTROL_H
#include <poll.h>
#include <stddef.h>

/* ---- for commands ---- */

/* Asks, prints the answer (a refusal to stderr), and returns its exit status; 1 with a message
 * when no server answers. */
int control_ask(const char *request);

/* The same without printing: `out` gets the answer without its last line, at most n - 1 bytes.
 * Returns the exit status, or -1 with the reason in `out`. */
int control_get(const char *request, char *out, size_t n);

/* ---- for the supervisor ---- */

enum { CONTROL_CLIENTS_MAX = 16 };

/* Handles a request.  `client` is a handle for control_reply(); the reply may come later. */
typedef void (*control_handler)(int client, const char *request);

/* Claims the directory of the control socket for this host alone.  Workers inherit the claim, so this waits
 * for the remaining workers of a killed host, 15 s at most.  0, or -1 and a message on stderr. */
int control_claim(void);
int control_claim_fd(void);                /* for workers to keep open */
int control_open(control_handler fn);      /* 0, or -1 and a message on stderr */
size_t control_poll(struct pollfd *fds);   /* fills at most 1 + CONTROL_CLIENTS_MAX; how many */
void control_turn(const struct pollfd *fds, size_t n, double now);
void control_reply(int client, int exit_status, const char *text); /* text: lines, or "" */
void control_close(void);
#endif
