/* SPDX-License-Identifier: MIT
 * dburl.c -- see dburl.h.  Pure: opens no connection.
 *
 * libpq's own messages quote the text at which parsing stopped; if the password
 * has a "@", "/" or blank in it, that text is a piece of the password.  And
 * libpq notices many errors only when it connects.  So each part is checked
 * here; messages contain its name, and its value only if that is no secret. */
#include "core/dburl.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEME_MAX = 20 };

static int fail(char *why, size_t n, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(char *why, size_t n, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(why, n, format, args);
  va_end(args);
  return -1;
}

/* ---- the text as a whole --------------------------------------------------------------------- */

static int check_text(const char *url, char *why, size_t n) {
  size_t len = strlen(url);
  if (strpbrk(url, "\r\n")) return fail(why, n, "contains a line break");
  if (isspace((unsigned char)url[0]) || isspace((unsigned char)url[len - 1]))
    return fail(why, n, "begins or ends with a blank");
  if (strchr("\"'`", url[0])) return fail(why, n, "begins with a quote: leave the quotes out");
  for (const char *p = url; *p; p++)
    if (iscntrl((unsigned char)*p)) return fail(why, n, "contains a control character");
  return 0;
}

/* The length of the scheme before "://", or 0. */
static size_t scheme_length(const char *url) {
  size_t k = 0;
  while (isalnum((unsigned char)url[k]) || (url[k] && strchr("+-.:_", url[k]))) {
    if (!strncmp(url + k, "://", 3)) return k;
    k++;
  }
  return 0;
}

static int check_scheme(const char *url, size_t k, char *why, size_t n) {
  if ((k == 10 && !strncmp(url, "postgresql", k)) || (k == 8 && !strncmp(url, "postgres", k))) return 0;
  if (k > SCHEME_MAX || memchr(url, ':', k) != NULL)
    return fail(why, n, "the scheme must be postgresql://");
  return fail(why, n, "the scheme is %.*s:// and must be postgresql://", (int)k, url);
}

/* ---- parts of a URI -------------------------------------------------------------------------- */

static int check_percent(const char *from, size_t len, const char *part, char *why, size_t n) {
  for (size_t i = 0; i < len; i++) {
    if (from[i] == ' ')
      return fail(why, n, "the %s contains a blank: write %%20", part);
    if (from[i] != '%') continue;
    bool hex = i + 2 < len && isxdigit((unsigned char)from[i + 1]) && isxdigit((unsigned char)from[i + 2]);
    if (!hex) return fail(why, n, "the %s contains a %% that encodes nothing: write %%25", part);
    if (from[i + 1] == '0' && from[i + 2] == '0') return fail(why, n, "the %s contains %%00", part);
    i += 2;
  }
  return 0;
}

static int check_user(const char *from, size_t len, char *why, size_t n) {
  const char *colon = memchr(from, ':', len);
  size_t user = colon ? (size_t)(colon - from) : len;
  if (check_percent(from, user, "user name", why, n)) return -1;
  return colon ? check_percent(colon + 1, len - user - 1, "password", why, n) : 0;
}

static int check_port(const char *port, size_t len, bool may_show, char *why, size_t n) {
  char text[8] = "";
  if (len && len < sizeof text) memcpy(text, port, len);
  long number = len && strspn(text, "0123456789") == len ? strtol(text, NULL, 10) : 0;
  if (!len || (number > 0 && number < 65536)) return 0;
  if (may_show) return fail(why, n, "the port \"%.*s\" is no number from 1 to 65535", (int)len, port);
  return fail(why, n, "the port is no number from 1 to 65535");
}

static bool is_host_character(char c) {
  return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || strchr("-._%~", c) != NULL;
}

/* One of host[:port],host[:port].. */
static int check_host(const char *from, size_t len, bool may_show, char *why, size_t n) {
  size_t k = 0;
  if (len && from[0] == '[') {
    const char *end = memchr(from, ']', len);
    if (!end) return fail(why, n, "the host's address lacks its \"]\"");
    k = (size_t)(end - from) + 1;
    if (k == 2) return fail(why, n, "the host's address between [ and ] is missing");
  } else {
    while (k < len && from[k] != ':') {
      if (!is_host_character(from[k]))
        return fail(why, n, "the host contains a character that no host name has; in a user name or"
                    " password it must be percent-encoded (@ as %%40, / as %%2F, # as %%23)");
      k++;
    }
  }
  if (check_percent(from, k, "host", why, n)) return -1;
  if (k < len && from[k] != ':')
    return fail(why, n, "the host's address is followed by something else than :port");
  return k < len ? check_port(from + k + 1, len - k - 1, may_show, why, n) : 0;
}

static int check_hosts(const char *from, size_t len, bool may_show, char *why, size_t n) {
  while (true) {
    const char *comma = memchr(from, ',', len);
    size_t k = comma ? (size_t)(comma - from) : len;
    if (check_host(from, k, may_show, why, n)) return -1;
    if (!comma) return 0;
    from += k + 1;
    len -= k + 1;
  }
}

/* user:password@hosts, up to the first "/", which none of them may contain. */
static int check_authority(const char *from, size_t len, const char *query, char *why, size_t n) {
  const char *at = memchr(from, '@', len);
  bool later = memchr(from + len, '@', (size_t)(query - (from + len))) != NULL;
  if (!at && later)
    return fail(why, n, "there is a \"/\" before the \"@\": in a user name or password it is written %%2F");
  if (at && memchr(at + 1, '@', len - (size_t)(at + 1 - from)))
    return fail(why, n, "there is more than one \"@\": in a user name or password it is written %%40");
  size_t user = at ? (size_t)(at - from) : 0;
  if (at && check_user(from, user, why, n)) return -1;
  if (at) user++;
  /* Without any "@" there is no password to leak. */
  bool may_show = at != NULL || !strchr(from, '@');
  return check_hosts(from + user, len - user, may_show, why, n);
}

static int check_parameters(const char *p, char *why, size_t n) {
  while (*p) {
    size_t len = strcspn(p, "&");
    const char *equals = memchr(p, '=', len);
    if (!equals) return fail(why, n, "a parameter behind the \"?\" has no value");
    if (check_percent(p, len, "part behind the \"?\"", why, n)) return -1;
    p += len + (p[len] == '&');
  }
  return 0;
}

static int check_uri(const char *url, size_t scheme, char *why, size_t n) {
  const char *from = url + scheme + 3;
  size_t len = strcspn(from, "/");
  const char *at = strchr(from, '@');
  /* A "?" ends the hosts, but it may also be part of the
   * password: look for it only after the "@". */
  const char *mark = strchr(at && (size_t)(at - from) < len ? at : from, '?');
  if (mark && (size_t)(mark - from) < len) len = (size_t)(mark - from);
  const char *query = mark ? mark : from + strlen(from);
  if (check_authority(from, len, query, why, n)) return -1;
  const char *name = from + len;
  size_t rest = *name == '/' ? (size_t)(query - name - 1) : 0;
  if (rest && check_percent(name + 1, rest, "database's name", why, n)) return -1;
  return mark ? check_parameters(mark + 1, why, n) : 0;
}

/* ---- checks of both forms -------------------------------------------------------------------- */

static bool is_one_of(const char *value, const char *const *list) {
  for (; *list; list++)
    if (!strcmp(value, *list)) return true;
  return false;
}

static int check_value(const PQconninfoOption *o, char *why, size_t n) {
  static const char *const modes[] = {"disable", "allow",     "prefer",
                                      "require", "verify-ca", "verify-full", NULL};
  static const char *const writes[] = {"any", "read-write", "primary", "prefer-standby", NULL};
  static const char *const reads[] = {"read-only", "standby", NULL};
  if (!strcmp(o->keyword, "sslmode") && !is_one_of(o->val, modes))
    return fail(why, n, "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full");
  if (!strcmp(o->keyword, "target_session_attrs")) {
    if (is_one_of(o->val, reads))
      return fail(why, n, "target_session_attrs asks for a server that takes no writes, and this program"
                  " writes");
    if (!is_one_of(o->val, writes))
      return fail(why, n, "target_session_attrs must be one of any, read-write, primary");
  }
  if (!strcmp(o->keyword, "connect_timeout") && strspn(o->val, "0123456789") != strlen(o->val))
    return fail(why, n, "connect_timeout must be a whole number of seconds");
  if (strcmp(o->keyword, "port") != 0) return 0;
  for (const char *p = o->val; *p;) {
    size_t k = strcspn(p, ",");
    if (check_port(p, k, true, why, n)) return -1;
    p += k + (p[k] == ',');
  }
  return 0;
}

static int check_values(const PQconninfoOption *all, char *why, size_t n) {
  for (const PQconninfoOption *o = all; o->keyword; o++)
    if (o->val && *o->val && check_value(o, why, n)) return -1;
  return 0;
}

/* libpq quotes an unknown name.  In "key=value" form that
 * may be a piece of a password with blanks. */
static int explain_parser(bool is_uri, const char *said, char *why, size_t n) {
  const char *name = said ? strstr(said, "parameter: \"") : NULL;
  if (is_uri && name) return fail(why, n, "libpq knows no %.*s", (int)strcspn(name, "\n"), name);
  if (is_uri) return fail(why, n, "is no URL that libpq understands");
  return fail(why, n, "is no list of key=value: a value with blanks stands in single quotes, and only"
              " libpq's keys may be used");
}

int dburl_check(const char *url, char *why, size_t n) {
  if (!*url) return 0;
  if (check_text(url, why, n)) return -1;
  size_t scheme = scheme_length(url);
  if (!scheme && (!strchr(url, '=') || strstr(url, "://")))
    return fail(why, n, "is neither a URL (postgresql://user:password@host/name) nor a list of key=value");
  if (scheme && (check_scheme(url, scheme, why, n) || check_uri(url, scheme, why, n))) return -1;
  char *said = NULL;
  PQconninfoOption *all = PQconninfoParse(url, &said);
  int failed = all ? check_values(all, why, n) : explain_parser(scheme > 0, said, why, n);
  PQconninfoFree(all);
  PQfreemem(said);
  return failed;
}
