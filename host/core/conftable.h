/* SPDX-License-Identifier: MIT
 * conftable.h -- every setting: its name, allowed values, default and current value. */
#ifndef HUMAN_CONFTABLE_H
#define HUMAN_CONFTABLE_H
#include <stdbool.h>
#include <stddef.h>

typedef enum {
  CONF_TEXT, CONF_INT, CONF_BOOL, CONF_CHOICE, CONF_WORKERS, CONF_NETWORKS, CONF_HOSTS
} conf_type;

typedef struct {
  const char *name;
  conf_type type;
  const char *fallback;   /* the default, as text */
  double min, max;        /* CONF_INT, CONF_WORKERS */
  const char *choices;    /* CONF_CHOICE: "a|b|c" */
  const char *env;        /* a second environment variable besides HUMAN_..., or NULL */
  bool secret;            /* its value never leaves C */
} conf_rule;

typedef struct {
  const conf_rule *rule;
  char *value;
  double num;             /* number, or 1 and 0 for true and false */
  char source[320];       /* "default", "etc/human.json:12", "HUMAN_PORT", "--port" */
  char *given;            /* value and source, before the host replaced them (conf_override) */
  char given_source[320];
} conf_item;

extern const size_t conf_count;
conf_item *conf_at(size_t i);
conf_item *conf_find(const char *name); /* NULL: no such setting */
size_t conf_index(const conf_item *item);

/* 0 and the value of the text in `num`; or -1, and `why` says what it must be.  Changes nothing. */
int conf_check(const conf_rule *rule, const char *text, double *num, char *why, size_t why_n);
bool conf_differs(const conf_item *item, const char *text); /* from a valid text */

/* 0; or -1, and `why` says what the value must be. */
int conf_assign(conf_item *item, const char *text, const char *source, char *why, size_t why_n);
/* The same for a value that the host itself puts in its place. */
int conf_override(conf_item *item, const char *text, const char *source, char *why, size_t why_n);

/* HUMAN_DATABASE_POOL for database.pool. */
void conf_env_name(const char *name, char *out, size_t n);

/* The index of the known name closest to a mistyped one, or
 * -1; names come from nth(i) until it is NULL. */
int conf_closest(const char *typed, const char *(*nth)(size_t i));
#endif
