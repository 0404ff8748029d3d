/* SPDX-License-Identifier: MIT
 * facts.c -- see facts.h.
 *
 * Owns nothing.  Must never change anything.  The one exception is "port", which listens for a moment on
 * a free port. */
#include "cli/facts.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <uv.h>
#include <zlib.h>

#include "core/conf.h"
#include "core/conftable.h"
#include "net/portowner.h"
#include "pg/pghome.h"
#include "server/brokerbox.h"
#include "server/bundle.h"

static int because(char *out, size_t n) {
  snprintf(out, n, "%s", strerror(errno));
  return -1;
}

static int versions(const char *arg, char *out, size_t n) {
  (void)arg;
  int pq = PQlibVersion();
  snprintf(out, n, "human %s\nlibuv %s\nlibpq %d.%d\nlibcurl %s\nOpenSSL %s\nzlib %s", HUMAN_VERSION,
           uv_version_string(), pq / 10000, pq % 10000, curl_version_info(CURLVERSION_NOW)->version,
           OpenSSL_version(OPENSSL_VERSION_STRING), zlibVersion());
  return 0;
}

static const char *name_of(uid_t uid) {
  const struct passwd *pw = getpwuid(uid);
  return pw ? pw->pw_name : "?";
}

static int user(const char *arg, char *out, size_t n) {
  (void)arg;
  snprintf(out, n, "%s %u", name_of(geteuid()), (unsigned)geteuid());
  return 0;
}

static int look(const char *path, char *out, size_t n) {
  struct stat st;
  if (stat(path, &st)) return because(out, n);
  const char *type = S_ISDIR(st.st_mode) ? "dir" : S_ISREG(st.st_mode) ? "file"
                     : S_ISSOCK(st.st_mode) ? "socket" : "other";
  snprintf(out, n, "%s %04o %u %s", type, (unsigned)st.st_mode & 07777, (unsigned)st.st_uid,
           name_of(st.st_uid));
  return 0;
}

static int list(const char *path, char *out, size_t n) {
  DIR *d = opendir(path);
  const struct dirent *e;
  size_t at = 0;
  if (!d) return because(out, n);
  out[0] = 0;
  while ((e = readdir(d))) {
    size_t k = strlen(e->d_name);
    if (e->d_name[0] == '.' || at + k + 2 > n) continue;
    at += (size_t)snprintf(out + at, n - at, "%s\n", e->d_name);
  }
  closedir(d);
  return 0;
}

static int writable(const char *path, char *out, size_t n) {
  if (access(path, W_OK | X_OK)) return because(out, n);
  out[0] = 0;
  return 0;
}

static int disk(const char *path, char *out, size_t n) {
  struct statvfs v;
  if (statvfs(path, &v)) return because(out, n);
  snprintf(out, n, "%.0f %.0f", (double)v.f_bavail * (double)v.f_frsize,
           (double)v.f_blocks * (double)v.f_frsize);
  return 0;
}

/* proc(5): "Max open files            1024                 524288               files". */
static int files_of(const char *pid, char *out, size_t n) {
  char path[64], line[256], soft[32], hard[32];
  int found = 0;
  snprintf(path, sizeof path, "/proc/%.20s/limits", pid);
  FILE *f = fopen(path, "re");
  if (!f) return because(out, n);
  while (!found && fgets(line, sizeof line, f))
    found = sscanf(line, "Max open files %31s %31s", soft, hard) == 2;
  fclose(f);
  snprintf(out, n, "%s %s", found ? soft : "?", found ? hard : "?");
  return 0;
}

static int files(const char *arg, char *out, size_t n) {
  struct rlimit r;
  if (*arg) return files_of(arg, out, n);
  if (getrlimit(RLIMIT_NOFILE, &r)) return because(out, n);
  snprintf(out, n, "%.0f %.0f", (double)r.rlim_cur, (double)r.rlim_max);
  return 0;
}

static int certificate(const char *path, char *out, size_t n) {
  FILE *f = fopen(path, "re");
  if (!f) return because(out, n);
  X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
  fclose(f);
  if (!x) {
    snprintf(out, n, "holds no certificate in PEM form");
    return -1;
  }
  struct tm tm = {0};
  char subject[256] = "";
  int bad = ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1;
  X509_NAME_oneline(X509_get_subject_name(x), subject, sizeof subject);
  X509_free(x);
  snprintf(out, n, "%.0f %s", (double)timegm(&tm), subject);
  return bad ? -1 : 0;
}

/* Only whether there are any; the start of the cluster chooses among them. */
static int postgres(const char *arg, char *out, size_t n) {
  static pghome h;
  (void)arg;
  memset(&h, 0, sizeof h);
  if (pghome_binaries(&h)) {
    snprintf(out, n, "no postgres in /usr/lib/postgresql/*/bin or PATH");
    return -1;
  }
  snprintf(out, n, "%.*s", (int)n - 1, h.bin);
  return 0;
}

static int source(const char *name, char *out, size_t n) {
  snprintf(out, n, "%s", conf_find(name) ? conf_source(name) : "default");
  return 0;
}

static int tty(const char *fd, char *out, size_t n) {
  out[0] = 0;
  return isatty((int)strtol(fd, NULL, 10)) ? 0 : because(out, n);
}

/* "7 seccomp": the version of Landlock, and seccomp if available. */
static int sandbox(const char *arg, char *out, size_t n) {
  (void)arg;
  snprintf(out, n, "%d %s", box_landlock(), box_seccomp() ? "seccomp" : "none");
  return 0;
}

static int scripts(const char *arg, char *out, size_t n) {
  (void)arg;
  int generation = bundle_load(out, n);
  if (generation < 0) return -1;
  snprintf(out, n, "%d", generation);
  return 0;
}

int facts_ask(const char *kind, const char *arg, char *out, size_t n) {
  static const struct {
    const char *kind;
    int (*ask)(const char *arg, char *out, size_t n);
  } table[] = {
      {"versions", versions}, {"user", user}, {"stat", look}, {"list", list},
      {"writable", writable}, {"disk", disk}, {"files", files}, {"port", portowner_ask},
      {"certificate", certificate}, {"postgres", postgres}, {"source", source},
      {"scripts", scripts}, {"tty", tty}, {"sandbox", sandbox},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (!strcmp(table[i].kind, kind)) return table[i].ask(arg, out, n);
  snprintf(out, n, "unknown question");
  return -1;
}
