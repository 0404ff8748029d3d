/* SPDX-License-Identifier: MIT
 *
 * host_api.h -- everything Lua may call in C, and the only file that both sides read.
 * The build embeds this text in the binary and host/lua/core/host.lua passes it to ffi.cdef, so the
 * two cannot drift.  Hence plain C11 declarations only: no #include, #define, inline, bit-field,
 * varargs, struct passed or returned by value, 64-bit integer result, or function pointer.
 *
 * Rules of the boundary
 *   leaf      no host_* function calls Lua, blocks, or raises.  A call starts work; its
 *             completion comes later from host_next_event().
 *   result    >= 0 is success (often an id); < 0 is one of the errors below.
 *   borrowed  pointers given to C are copied before return; pointers given to Lua live until
 *             the next host_next_event().
 *   owner     an op belongs to the task that started it; host_task_end() ends what is left.
 *   packed    a blob in LuaJIT's string.buffer format (host/core/pack.c). */

enum { HOST_API_LEVEL = 1 }; /* grows with new features: `--% host: >= N` */

typedef int32_t host_id; /* > 0: slot and generation; < 0: an error */
typedef struct { const char *p; uint32_t n; } host_str; /* 32 bits: a plain number in Lua */

enum {
  HOST_EGONE = -1,     /* no such id, or it has ended */
  HOST_EFULL = -2,     /* a queue or table is at its limit */
  HOST_ECANCELED = -3, /* host_op_cancel() or the end of the owner */
  HOST_ETIMEOUT = -4,  /* the deadline given with the call has passed */
  HOST_EINVAL = -5,    /* an invalid argument: retrying does not help */
  HOST_EDB = -6,       /* the server refused a statement; data is packed (see host_db_query) */
  HOST_ENET = -7,      /* connection refused, reset or closed early; data is a text */
  HOST_ELIMIT = -8,    /* larger than the limit given where it was created */
  HOST_EDENIED = -9,   /* forbidden by policy (address guard, undeclared secret) */
  HOST_EDOWN = -10,    /* the database is not reachable */
  HOST_EOPS = -11,     /* the owner has too many ops in flight (limits.ops) */
  HOST_ESEALED = -12   /* a sealed text does not open here, or not to what is needed */
};
const char *host_error_name(int code);

/* ---- events: one pull-style queue per worker ------------------------------------------- */
enum {
  HOST_EV_REQUEST = 1, /* id: request; status: HOST_RQ_* bits; data: request target */
  HOST_EV_DONE,        /* id: op; status: >= 0 or an error; data: its result */
  HOST_EV_CHUNK,       /* id: op; status: HOST_CHUNK_*; data: a piece of the response */
  HOST_EV_ABORT,       /* id: request whose client has disconnected; responding is allowed, but moot */
  HOST_EV_DRAINED,     /* id: request or ws whose queue fell below half of its limit */
  HOST_EV_WS_MSG,      /* id: ws; status: 1 text, 2 binary; data: one whole message */
  HOST_EV_WS_CLOSE,    /* id: ws that sends nothing more: call host_ws_close() within 5 s;
                          status: close code (1006: no close frame); data: reason */
  HOST_EV_NOTIFY,      /* data: packed {channel, payload}; only in the worker that listens.
                          status 1: notifications from before this event may be lost */
  HOST_EV_BUS,         /* owner: the sending worker's index; data: the message */
  HOST_EV_TIMER,       /* host_timer() has expired */
  HOST_EV_DB,          /* status: 1 reachable, 0 not (changes only; the first one is always sent) */
  HOST_EV_RELOAD,      /* status: HOST_RELOAD_*; id: the generation */
  HOST_EV_STOP         /* status 1: a stop is imminent; 0: drain: there are no new connections, call
                          host_stopped() when idle */
};
typedef struct { int32_t kind, status; host_id id, owner; host_str data; } host_event;
const host_event *host_next_event(void); /* NULL: nothing left in this turn */
int host_timer(double seconds);          /* sets the worker's one wake-up, replacing the last */
double host_now(void);                   /* monotonic, seconds; refreshed once per loop turn */
double host_clock(void);                 /* monotonic, seconds; read on every call */
double host_time(void);                  /* unix time, seconds */
int host_stopped(void);                  /* Lua is idle after HOST_EV_STOP: the worker may exit */

/* ---- what runs now, for the watchdog --------------------------------------------------------
 * Lua writes it in place, without a call, at every step of a task; the supervisor reads it when a turn
 * does not end.  A label is the number of a name, such as a route or a job. */
typedef struct {
  int32_t label;  /* 0: no script runs; negative: only a name, which is never struck */
  int32_t ref_n;  /* bytes of `ref`: the request's id, or another text that identifies it */
  int32_t struck; /* how many labels are blocked until the next reload */
  char ref[68];
} host_beat;
host_beat *host_beat_page(void);
int host_label(host_str *name);    /* the same number for the same name; 0: the table is full */
int host_label_struck(int label);  /* 1: it ended too many workers */

/* ---- ops and their owners ---------------------------------------------------------------- */
host_id host_task_new(void);      /* an owner */
void host_task_end(host_id task); /* cancels its open ops, without events, and frees it */
int host_op_cancel(host_id op);   /* its DONE arrives with HOST_ECANCELED */

/* ---- requests ------------------------------------------------------------------------------
 * HOST_EV_REQUEST status: method in bits 0-7 (HOST_GET ..), listener index in bits 8-15, flags. */
enum { HOST_GET = 1, HOST_HEAD, HOST_POST, HOST_PUT, HOST_DELETE, HOST_PATCH, HOST_OPTIONS,
       HOST_OTHER };
enum { HOST_RQ_WEBSOCKET = 1 << 16, /* a valid RFC 6455 opening handshake */
       HOST_RQ_BODY = 1 << 17,      /* it has a body */
       HOST_RQ_TLS = 1 << 18,
       HOST_RQ_INNER = 1 << 19,     /* its listener is reachable from this machine only */
       HOST_RQ_AHEAD = 1 << 20 };   /* its body is still unread: call host_upload() or host_body_wait(),
                                       or answer, which closes the connection */
int host_header(host_id req, host_str *name, host_str *out); /* name in lower case; 1 found, 0 not;
                                                                repeated headers are joined by ", ",
                                                                cookies by "; " */
int host_header_nth(host_id req, host_str *name, int nth, host_str *out); /* one of those, from 0 */
int host_headers(host_id req, host_str *out);                /* packed {name = value, ..} */
/* The peer's address as text ("unix", or "" when unknown), and HOST_PEER_* bits. */
enum { HOST_PEER_LOOPBACK = 1, /* this machine */
       HOST_PEER_TRUSTED = 2,  /* one of http.trusted_proxies */
       HOST_PEER_VEILED = 4,   /* relayed for a client that no credible PROXY head names */
       HOST_PEER_TLS = 8,
       HOST_PEER_OLD = 16 };   /* HTTP/1.0 */
int host_peer(host_id req, host_str *out);
/* Is a text an IPv4 or IPv6 address?  out: its canonical form; result: HOST_PEER_LOOPBACK, _TRUSTED. */
int host_address(host_str *text, host_str *out);
int host_body(host_id req, host_str *out);
/* headers: whole "Name: value\r\n" lines or empty (validated: no bare CR, LF or NUL).  C adds
 * Date, Content-Length or chunking, and Connection.  HEAD drops the body. */
int host_respond(host_id req, int status, host_str *headers, host_str *body);
int host_stream(host_id req, int status, host_str *headers);
int host_write(host_id req, host_str *chunk); /* bytes now queued; over 64 K: await DRAINED */
int host_finish(host_id req);
int host_read(host_id ws, int on);            /* pause or resume reading (back-pressure) */
int host_pass(host_id req, int worker);       /* hand the connection and this unanswered request to
                                                 another worker, which treats it as its own */
int host_body_limit(host_str *prefix, double bytes); /* raise the body limit below a path */
int host_reason(int status, host_str *phrase); /* the reason phrase of a status */
/* A request whose target has this prefix is delivered AHEAD of its body, if it has one. */
int host_upload_path(host_str *prefix);
void host_upload_paths_clear(void);
int host_body_wait(host_id req); /* no upload: its event comes again, with the body and a new id */
/* Reads the body to disk.  spec: packed {max, fields_max, parts_max, boundary, name, max, name, max, ..}:
 * bytes of the body and of the fields of a form together; an empty boundary: the body is one file; parts
 * with these names are files.  DONE: packed {parts, files}: {{name, value} or {name, filename, type, file},
 * ..}, where file is an index of {{size, sha256 (raw), path}, ..}.  Or HOST_ELIMIT, HOST_EFULL (no room on
 * the disk), HOST_EINVAL (malformed), HOST_ETIMEOUT, HOST_EGONE, HOST_EDOWN, with a text.  The files go
 * with their request. */
host_id host_upload(host_id owner, host_id req, host_str *spec);
/* Moves a file to dir/to, to keep it.  DONE: 1, or HOST_EFULL (it exists) or HOST_EINVAL with a text. */
host_id host_upload_move(host_id owner, host_id req, int file, host_str *dir, host_str *to);
int host_refusal(host_str *prefix, int status, host_str *json); /* the host's own body, below a path */
void host_refusals_clear(void);

/* ---- files as answers ------------------------------------------------------------------------
 * C finds, compares, encodes and sends them: ETag, 304, ranges, codings, types.  path: from
 * host_asset_path(); headers: additional lines.  The result is the status of the answer that was sent,
 * with the size of its body as text in `sent` (or DONE's data); or HOST_ASSET_*: nothing was sent. */
enum { HOST_ASSET_NONE,        /* there is no such file */
       HOST_ASSET_DIRECTORY,   /* it has an index.html, but the request lacks the trailing "/" */
       HOST_ASSET_METHOD };    /* the file exists, but can only be read */
enum { HOST_ASSET_LINKS = 1,   /* follow symbolic links that stay below the root */
       HOST_ASSET_FALLBACK = 2, /* it stands in for another path, for clients that accept it */
       HOST_ASSET_IMMUTABLE = 4,
       HOST_ASSET_PRIVATE = 8 }; /* for this client alone; `headers` give its type */
int host_asset_path(host_str *raw, host_str *out); /* HOST_EINVAL: not a path; HOST_EDENIED: hidden */
int host_asset_tree(host_str *tree);               /* 1: a tree of that name is compiled in */
int host_asset_embedded(host_id req, host_str *tree, host_str *path, int flags, host_str *headers,
                        host_str *sent);
/* HOST_EDOWN: there is no directory `root`. */
host_id host_asset_file(host_id owner, host_id req, host_str *root, host_str *path, int flags,
                        host_str *headers);

/* ---- files for scripts ------------------------------------------------------------------------
 * Below `root` (an absolute path), without following links.  Names: at most 1 KB, text parts separated by
 * "/".  DONE status: HOST_FILE_OK with the result in data (READ: bytes; STAT: packed {kind, size,
 * changed_at}; LIST: an array of these with a name), or why not (FAILED: data has the reason). */
enum { HOST_FILE_READ,     /* a file of at most max bytes */
       HOST_FILE_WRITE,    /* data, whole or not at all; replaces a file unless HOST_FILE_NEW */
       HOST_FILE_LIST,     /* a directory of at most max entries; name "": the root */
       HOST_FILE_STAT,
       HOST_FILE_REMOVE,   /* HOST_FILE_ALL: also a directory that is not empty */
       HOST_FILE_MKDIR,    /* and its parents */
       HOST_FILE_MOVE,     /* to `to` below to_root; replaces a file with HOST_FILE_REPLACE */
       HOST_FILE_TREE,     /* a new directory, filled from data: packed {name, bytes or false, ..} */
       HOST_FILE_RUNNING,  /* the name below the root of the program that runs; NONE: it is elsewhere */
       HOST_FILE_SWITCH }; /* `current` leads to the directory `name` from now on, whose file `human` may
                            * be executed; `previous` to where `current` led */
enum { HOST_FILE_NEW = 1, HOST_FILE_ALL = 2, HOST_FILE_REPLACE = 4 };
enum { HOST_FILE_OK, HOST_FILE_NONE, HOST_FILE_EXISTS, HOST_FILE_DIRECTORY, HOST_FILE_NO_DIRECTORY,
       HOST_FILE_NOT_EMPTY, HOST_FILE_LINK, HOST_FILE_LARGE, HOST_FILE_FULL, HOST_FILE_FORBIDDEN,
       HOST_FILE_FAILED };
typedef struct {
  int32_t what, flags;
  double max;
  host_str root, name, to_root, to, data;
} host_file_spec;
host_id host_file(host_id owner, host_file_spec *spec);
int host_file_name_ok(host_str *name); /* 1: a valid name below a root */
/* Unpacks DEFLATE data.  HOST_ELIMIT: it is more than max bytes unpacked; HOST_EINVAL: it is malformed. */
enum { HOST_RAW = 3 };
int host_inflate(int format, host_str *data, double max, host_str *out); /* HOST_RAW or HOST_GZIP */

/* ---- WebSocket (RFC 6455) ------------------------------------------------------------------ */
enum { HOST_WS_DEFLATE = 1 }; /* accept permessage-deflate when offered (RFC 7692) */
typedef struct {
  double max_message; /* bytes; larger: close 1009 */
  double max_queue;   /* bytes queued for a slow client; more: disconnect it */
  double ping_s;      /* 0: no protocol pings */
  double idle_s;      /* 0: never; else nothing received for this long: close 1001 */
  double deflate_min; /* compress messages of at least this many bytes; 0: 256 */
  int32_t flags;
} host_ws_options;
host_id host_ws_accept(host_id req, host_str *protocol, host_ws_options *options); /* the ws id */
enum { HOST_WS_VOLATILE = 16 }; /* added to an opcode: skip clients that still have output queued */
int host_ws_send(host_id ws, int opcode, host_str *data); /* bytes queued; written at turn's end */
int host_ws_broadcast(const host_id *ws, int n, int opcode, host_str *data); /* how many took it */
/* code 0: a close frame without a code.  After WS_CLOSE it
 * answers the client's close frame instead. */
int host_ws_close(host_id ws, int code, host_str *reason);

/* ---- PostgreSQL ------------------------------------------------------------------------------
 * params: packed array {n, v1, .. vn} (nil as null); all are sent as text and typed by the server.
 * DONE data of a query: packed {rows = {{col = v, ..}, ..}, n = affected, tag = "INSERT 0 1"};
 * on HOST_EDB: packed {code = SQLSTATE, message, detail, constraint, column, table}. */
host_id host_db_acquire(host_id owner, double timeout_s); /* DONE: ready; the op id is the lease */
host_id host_db_query(host_id owner, host_id lease, host_str *sql, host_str *params,
                      double timeout_s); /* lease 0: autocommit, on any connection, pipelined */
int host_db_simple(host_id lease, host_str *sql); /* no result; sent in one round trip with the
                                                     next query (BEGIN, SAVEPOINT ..) */
int host_db_release(host_id lease, int broken);   /* broken: roll back and reset before reuse */
int host_db_listen(host_str *channel);            /* LISTEN on the one extra connection */
host_id host_db_acquire_direct(host_id owner);    /* a lease on a connection of its own: bypasses a
                                                     pooler, and the pool's timeouts */
int host_db_up(void);                             /* 1 when statements can be sent */
/* The state by the last statements and connection attempts; out: the reason in words.  In the states UP and
 * FULL it takes statements. */
enum { HOST_DB_UNKNOWN = 0, HOST_DB_UP, HOST_DB_FULL, HOST_DB_STARTING, HOST_DB_READ_ONLY,
       HOST_DB_STUCK, HOST_DB_REFUSED, HOST_DB_UNREACHABLE };
int host_db_state(host_str *out);
int host_db_sibling(void); /* while this worker gets no connections: another worker that has some;
                              else HOST_EDOWN */

/* ---- outbound HTTP ----------------------------------------------------------------------------
 * spec: packed {url, method, headers = {{name, value}, ..}, body or parts = {"text", {directory, name, what
 *   messages call it}, ..} (files below a directory, read while they are sent), timeout_s, connect_timeout_s,
 *   stream = bool, max_bytes, guard = bool (refuse private addresses), proxy_head, body_secrets = bool,
 *   credential = {sealed text, context, "header" | "bearer" | "basic" | "query", name} (opened in C)}.
 *   A header or the url, and with body_secrets a text body, may contain ${secret:NAME}, filled in C.  Not
 *   streaming: DONE status is the HTTP status, data is packed {status, headers, body}.  Streaming:
 *   CHUNK(HOST_CHUNK_HEAD, packed {status, headers}), CHUNK(HOST_CHUNK_BODY, bytes)*, then DONE.
 *   HOST_EGONE: a file is missing, or has changed meanwhile. */
enum { HOST_CHUNK_HEAD = 1, HOST_CHUNK_BODY = 2 };
host_id host_fetch(host_id owner, host_str *spec);
int host_fetch_why(host_str *out); /* why it last refused a spec; empty: the error says all */
int host_fetch_resume(host_id op); /* after 256 KB unread, a transfer pauses until this */

/* ---- programs ----------------------------------------------------------------------------------
 * spec: packed {args = {..}, env = {"NAME=value", ..}, directory (below exec.root), stdin, max = bytes kept
 *   of each output, strict_max = kill it there, stream, open = more input will come, umask, grace_ms, cpu_s,
 *   memory_bytes, files, processes, file_bytes, box, strict, network, unix = bool, read, write = {path, ..}}.
 * CHUNK: HOST_EXEC_STARTED; streaming: HOST_EXEC_STDOUT, _STDERR with bytes; HOST_EXEC_TAKEN: under 64 KB
 *   of input are queued.  DONE status: HOST_EXEC_ENDED, packed {status or signal, truncated, duration_ms,
 *   stdout, stdout_bytes, stderr, stderr_bytes}; HOST_EXEC_REFUSED, packed {code, at, reason, text}.
 * HOST_EDOWN: exec.enabled is false. */
enum { HOST_EXEC_STARTED = 1, HOST_EXEC_STDOUT, HOST_EXEC_STDERR, HOST_EXEC_TAKEN };
enum { HOST_EXEC_ENDED = 1, HOST_EXEC_REFUSED };
enum { HOST_EXEC_RESUME = 1, /* after 256 KB unread, reading its output pauses until this */
       HOST_EXEC_CLOSE,      /* no more input */
       HOST_EXEC_TERM, HOST_EXEC_KILL }; /* SIGTERM, and SIGKILL after grace_ms; SIGKILL */
host_id host_exec(host_id owner, host_str *spec);
int host_exec_write(host_id op, host_str *bytes); /* bytes now queued; HOST_EGONE: it takes none */
int host_exec_tell(host_id op, int what);

/* ---- shared by all workers ------------------------------------------------------------------- */
int host_worker(void);                           /* this worker's index, from 0 */
int host_workers(void);                          /* the number of workers */
int host_bus_send(int worker, host_str *data);   /* -1: all others */
/* Takes n tokens from a bucket that refills at `rate` a second up to
 * `burst`; n 0: only checks whether there is one; -1: empties it. */
int host_rate_take(host_str *key, double rate, double burst, int n); /* 1 granted, 0 refused */
double host_rate_left(host_str *key, double rate, double burst); /* the tokens in it */
int host_metric_add(host_str *name, double by);  /* name may carry labels: a_total{x="y"} */
int host_metric_set(host_str *name, double value); /* a gauge of this worker: give it a label */
double host_metric_get(host_str *name);          /* the sum over all processes; NaN: none has it */
int host_metric_dump(host_str *out);             /* all sums, packed {name = value} */
int host_stats(host_str *out);                   /* this worker's state now, packed (stats.c) */
/* level: 0 error .. 3 debug; one line, no newline.  gen: the generation that logs; empty: the one in
 * service. */
int host_log(int level, host_str *gen, host_str *line);
/* Whole lines of this host's log from position `from` (bytes; < 0: the newest), at most `max` bytes.
 * Returns the position of the first: greater than `from` when lines are no longer there. */
double host_log_tail(double from, int max, host_str *out);

/* ---- DNS --------------------------------------------------------------------------------------
 * TXT records of a name, in the thread pool.  server: "" (the system's) or "address[:port]" of IPv4.
 * DONE: 0 and a packed list of texts; HOST_EGONE: there are none; HOST_ETIMEOUT, HOST_ENET, HOST_ELIMIT.
 * HOST_EFULL: two wait. */
host_id host_dns_txt(host_id owner, host_str *name, host_str *server);

/* ---- sentences as vectors (host/sense/) -------------------------------------------------------
 * A vector is 512 whole numbers from -127 to 127, a byte each; a model is 16 hex digits of the hash
 * of the weights that made it.  Vectors of different models cannot be compared. */
enum { HOST_SENTENCE_MAX = 8192, HOST_NEAREST_MAX = 4096 };
/* What a text means, as far as its first 128 tokens say.  DONE: their number; data: model, vector.
 * HOST_EDOWN: no weights, HOST_EINVAL: the text is empty, HOST_EFULL: too many at once; data says why. */
host_id host_sentence(host_id owner, host_str *text);
double host_likeness(host_str *a, host_str *b); /* the cosine; HOST_EINVAL: not vectors */
/* The index of this host, for all its workers.  id: 16 bytes; kind: one bit; 0: takes it away. */
int host_index_put(host_str *id, int kind, host_str *vector);
/* Who fills it, and how far it is, in the words of its filler (at most 64 bytes).  BEGIN: one of the
 * next three, and the cursor if it is YOURS, for 10 s, or until KEEP, DONE, FAILED; these:
 * HOST_EGONE when it no longer is. */
enum { HOST_INDEX_BEGIN = 1, HOST_INDEX_KEEP, HOST_INDEX_DONE, HOST_INDEX_FAILED };
enum { HOST_INDEX_FRESH, HOST_INDEX_YOURS, HOST_INDEX_FILLING };
int host_index_turn(int what, host_str *model, host_str *cursor, host_str *out);
int host_index_size(void);
/* The `most` vectors of these kinds that are nearest, the best first.  DONE: their number; data: packed
 * {id, cosine, id, cosine, ..}.  HOST_EDOWN: the index is not filled, or by another model. */
host_id host_nearest(host_id owner, host_str *model, host_str *vector, int kinds, int most);

/* ---- crypto and text: pure ------------------------------------------------------------------- */
enum { HOST_SHA256 = 1, HOST_HMAC_SHA256, HOST_SHA1, HOST_HMAC_SHA1, HOST_MD5, HOST_SHA512, HOST_HMAC_SHA512,
       HOST_KECCAK256 };
int host_hash(int kind, host_str *key, host_str *data, host_str *out); /* raw bytes */
int host_random(host_str *out, int n);             /* n <= 256 bytes from the CSPRNG */
int host_equal(host_str *a, host_str *b);          /* constant time */
/* Seals a text with the host's key for a context (host/core/seal.h).  HOST_EDOWN: no key, out says why. */
int host_seal(host_str *text, host_str *context, host_str *out);
/* HOST_EINVAL: not a sealed text; HOST_EGONE: sealed with
 * another key; HOST_EDENIED: altered, or another context. */
int host_unseal(host_str *sealed, host_str *context, host_str *out);
/* Seals for another context what is sealed for one; errors as above. */
int host_reseal(host_str *sealed, host_str *context, host_str *new_context, host_str *out);
/* Private keys have 32 bytes, public ones 32 (Ed25519) or 65 (P-256,
 * which also accepts the form of 33). Signatures have 64, or are DER.
 * HOST_EINVAL: not a key; HOST_ELIMIT: data of more than 16 MB. */
enum { HOST_ED25519 = 1, HOST_P256, HOST_P256_DER };
int host_key(int kind, host_str *private_key, host_str *out); /* both, joined; empty: a new pair */
int host_sign(int kind, host_str *private_key, host_str *data, host_str *out);
int host_verify(int kind, host_str *public_key, host_str *data, host_str *signature); /* 1 or 0 */
int host_ecdh(host_str *private_key, host_str *public_key, host_str *out); /* HOST_EDENIED: public_key */
/* Keys have 16 or 32 bytes; the iv 12 to 64 (GCM) or 16 (CBC); GCM's tag
 * of 16 is at the end of the text. HOST_EDENIED: decryption failed. */
enum { HOST_GCM_ENCRYPT = 1, HOST_GCM_DECRYPT, HOST_CBC_ENCRYPT, HOST_CBC_DECRYPT };
int host_aes(int mode, host_str *key, host_str *iv, host_str *aad, host_str *text, host_str *out);
int host_hkdf(host_str *key, host_str *salt, host_str *info, int n, host_str *out); /* SHA-256; n <= 8160 */
int host_utf8_ok(host_str *s);
int host_base64(int encode, host_str *data, host_str *out); /* standard alphabet, padded */
enum { HOST_GZIP = 1, HOST_DEFLATE };
int host_compress(int format, int level, host_str *data, host_str *out); /* HOST_ELIMIT: not smaller */

/* Lua 5.1 patterns in a bounded number of steps (match.c).  1: found;
 * 0: not; HOST_ELIMIT: out of steps; HOST_EINVAL: `why` says what is
 * wrong with the pattern (host_match_why).  Positions count from 0. */
enum { HOST_CAPTURES = 32, HOST_CAPTURE_OPEN = -1, HOST_CAPTURE_POSITION = -2 };
enum { HOST_MATCH_FIND,   /* ^ anchors; a pattern without special characters is a plain text */
       HOST_MATCH_MATCH,  /* ^ anchors */
       HOST_MATCH_NEXT,   /* ^ is literal, as in gmatch */
       HOST_MATCH_PLAIN };
typedef struct {
  double steps;              /* in: the limit; out: the steps left */
  int32_t from, to, level;   /* the match, and its number of captures */
  int32_t why;
  struct { int32_t from, n; } capture[32];
} host_found;
int host_match(host_str *text, host_str *pattern, int from, int mode, host_found *found);
enum { HOST_MATCH_NO_CAPTURE = 5, HOST_MATCH_UNFINISHED = 9 }; /* two of the values of `why` */
const char *host_match_why(int why);
/* Replaces all matches (gsub).  Their number, or an error
 * as above, or HOST_EFULL: the result is too large. */
int host_replace(host_str *text, host_str *pattern, host_str *repl, double max, host_found *found,
                 host_str *out);

/* ---- configuration, secrets, scripts --------------------------------------------------------- */
int host_conf(host_str *out);                    /* packed, nested; secrets are absent */
/* The value given for a setting that scripts define, maybe in its second environment variable.  1:
 * packed {type, text, source}; 0: none.  Generation 0: as of the start.  type: string, number,
 * bool, null, list, object; word: from a variable or flag. */
int host_setting(int generation, host_str *name, host_str *variable, host_str *out);
int host_setting_secret(host_str *name, host_str *variable); /* another variable for a secret */
/* Packed {given = {{name, type, source}, ..}, variables =
 * {HUMAN_.., ..}, own = {the host's names}}. */
int host_settings(int generation, host_str *out);
/* Changes the settings file.  request: the hash that it must have, or "", then names and JSON, each ending
 * with NUL.  DONE status: 1: saved, 0: not; data: a line with a code, then a message. */
host_id host_settings_set(host_id owner, host_str *request);
/* Has a process of its own do what cli/aside.lua reads in `request`.  DONE status: 1: data is what it
 * printed; 0: data is "busy", "ended" (it took too long, or crashed) or "failed". */
host_id host_aside(host_id owner, host_str *request);
int host_settings_hash(host_str *out); /* of the current file; out: 64 hex digits */
double host_setting_number(host_str *name, host_str *text); /* with units (core/confunit.h); NaN: none */
int host_setting_units(host_str *name, host_str *out);      /* 1: out has examples; 0: no units */
int host_secret_set(host_str *name);             /* 1: configured; the value stays in C */
int host_secret_hmac(host_str *name, host_str *data, host_str *out); /* HMAC-SHA-256, raw bytes */
int host_secret_hash(host_str *name, int kind, host_str *before, host_str *after,
                     host_str *out); /* SHA-256 (256) or SHA-1 (1) of before, secret, after; raw */
int host_secret_equal(host_str *name, host_str *value); /* constant time; 0 when not configured */
int host_bundle_list(int generation, host_str *out);    /* packed array of relative paths */
int host_bundle_file(int generation, host_str *path, host_str *out);
/* The file `level` places behind the one in force, along the search path (0: the one in force). */
int host_bundle_below(int generation, host_str *path, int level, host_str *out);
/* Its bytecode, if the binary was built with the same text of this path; else HOST_EGONE. */
int host_bundle_code(int generation, host_str *path, int level, host_str *out);
/* Packed {roots = {directory, ..}, paths = {..}, root_of = {index, ..}}: every file, followed directly by
 * those that it overrides; indexes from 0, the last root is the shipped one. */
int host_bundle_files(int generation, host_str *out);
int host_bundle_id(int generation, host_str *out);      /* 12 hex digits of its hash */

/* A reload in this worker (host/server/reload.h): build the generation beside the old one and vote; then
 * either serve it and report that, or discard it. */
enum { HOST_RELOAD_PREPARE = 1, HOST_RELOAD_COMMIT, HOST_RELOAD_ABORT };
int host_reload_vote(int generation, int ok, host_str *why);
int host_reload_serving(int generation);
