-- host/lua/core/host.lua -- the one place where Lua touches C: strings in, strings out, over the FFI.
-- Everything above works with plain values, so a spec can replace this module with a fake.
-- The host_str arguments are filled in place for every call; C copies before it returns.

local ffi = require "ffi"
local buffer = require "string.buffer"
local native = require "human.native"
ffi.cdef(native.api_header)
local C = ffi.C
local str, new = ffi.string, ffi.new
local M = {}

M.NULL = require("cjson").null   -- one null for JSON, SQL and packed blobs
M.EV = {
  REQUEST = C.HOST_EV_REQUEST, DONE = C.HOST_EV_DONE, CHUNK = C.HOST_EV_CHUNK,
  ABORT = C.HOST_EV_ABORT, DRAINED = C.HOST_EV_DRAINED, WS_MSG = C.HOST_EV_WS_MSG,
  WS_CLOSE = C.HOST_EV_WS_CLOSE, NOTIFY = C.HOST_EV_NOTIFY, BUS = C.HOST_EV_BUS,
  TIMER = C.HOST_EV_TIMER, DB = C.HOST_EV_DB, RELOAD = C.HOST_EV_RELOAD, STOP = C.HOST_EV_STOP,
}
M.E = {
  GONE = C.HOST_EGONE, FULL = C.HOST_EFULL, CANCELED = C.HOST_ECANCELED, TIMEOUT = C.HOST_ETIMEOUT,
  INVAL = C.HOST_EINVAL, DB = C.HOST_EDB, NET = C.HOST_ENET, LIMIT = C.HOST_ELIMIT,
  DENIED = C.HOST_EDENIED, DOWN = C.HOST_EDOWN, OPS = C.HOST_EOPS, SEALED = C.HOST_ESEALED,
}
M.API_LEVEL = C.HOST_API_LEVEL
M.METHOD = { "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "OTHER" }
M.CHUNK = { HEAD = C.HOST_CHUNK_HEAD, BODY = C.HOST_CHUNK_BODY }
M.RELOAD = { PREPARE = C.HOST_RELOAD_PREPARE, COMMIT = C.HOST_RELOAD_COMMIT, ABORT = C.HOST_RELOAD_ABORT }
M.RQ = { WEBSOCKET = C.HOST_RQ_WEBSOCKET, BODY = C.HOST_RQ_BODY, TLS = C.HOST_RQ_TLS,
         INNER = C.HOST_RQ_INNER, AHEAD = C.HOST_RQ_AHEAD }
M.PEER = { LOOPBACK = C.HOST_PEER_LOOPBACK, TRUSTED = C.HOST_PEER_TRUSTED, VEILED = C.HOST_PEER_VEILED,
           TLS = C.HOST_PEER_TLS, OLD = C.HOST_PEER_OLD }

local a, b, c, out = new("host_str"), new("host_str"), new("host_str"), new("host_str")

-- The cdata points into Lua strings only during one call; the strings are arguments, hence alive.
local function fill(s, text)
  s.p, s.n = text, #text
  return s
end

local function taken()
  if out.n == 0 then return "" end
  return str(out.p, out.n)
end

local packer = buffer.new()

-- A Lua value as a blob for C, and back.
function M.pack(v) return packer:reset():encode(v):tostring() end

local unpacker = buffer.new()
function M.unpack(blob) return unpacker:set(blob):decode() end

-- Events and time -----------------------------------------------------------------------------

-- The next event as kind, status, id, owner, data; nil when this turn has no more.
function M.next()
  local e = C.host_next_event()
  if e == nil then return nil end
  local n = e.data.n
  return e.kind, e.status, e.id, e.owner, n ~= 0 and str(e.data.p, n) or ""
end

function M.timer(seconds) return C.host_timer(seconds) end
function M.now() return C.host_now() end
function M.clock() return C.host_clock() end
function M.time() return C.host_time() end
function M.stopped() return C.host_stopped() end
function M.error_name(code) return str(C.host_error_name(code)) end

require "human.core.host_labels"(M, C, fill, a, ffi)

-- Ops --------------------------------------------------------------------------------------------

function M.task_new() return C.host_task_new() end
function M.task_end(id) C.host_task_end(id) end
function M.cancel(op) return C.host_op_cancel(op) end

-- Requests -----------------------------------------------------------------------------------------

function M.header(req, name)
  if C.host_header(req, fill(a, name), out) <= 0 then return nil end
  return taken()
end

function M.header_nth(req, name, nth)
  if C.host_header_nth(req, fill(a, name), nth, out) > 0 then return taken() end
end

-- All headers as a blob, for unpack().
function M.headers_packed(req)
  return C.host_headers(req, out) < 0 and M.pack {} or taken()
end

function M.headers(req) return M.unpack(M.headers_packed(req)) end

-- The address of the peer as text, and its PEER bits.
function M.peer(req)
  local bits = C.host_peer(req, out)
  if bits < 0 then return "", 0 end
  return taken(), bits
end

-- The canonical form of an IP address, and its PEER bits; nil for any other text.
function M.address(text)
  local bits = C.host_address(fill(a, text), out)
  if bits < 0 then return nil end
  return taken(), bits
end

function M.body(req)
  if C.host_body(req, out) < 0 then return "" end
  return taken()
end

function M.respond(req, status, headers, body)
  return C.host_respond(req, status, fill(a, headers), fill(b, body))
end

function M.stream(req, status, headers) return C.host_stream(req, status, fill(a, headers)) end
function M.write(req, chunk) return C.host_write(req, fill(a, chunk)) end
function M.finish(req) return C.host_finish(req) end
function M.read(ws, on) return C.host_read(ws, on and 1 or 0) end
function M.pass(req, worker) return C.host_pass(req, worker) end
function M.body_limit(prefix, bytes) return C.host_body_limit(fill(a, prefix), bytes) end
function M.refusal(prefix, status, body) return C.host_refusal(fill(a, prefix), status, fill(b, body)) end
function M.reason(status) C.host_reason(status, out) return taken() end
M.refusals_clear = C.host_refusals_clear
M.upload_paths_clear, M.body_wait = C.host_upload_paths_clear, C.host_body_wait
function M.upload_path(prefix) return C.host_upload_path(fill(a, prefix)) end
function M.upload(owner, req, spec) return C.host_upload(owner, req, fill(a, M.pack(spec))) end -- spec: an array
function M.upload_move(owner, req, file, dir, to)
  return C.host_upload_move(owner, req, file, fill(a, dir), fill(b, to))
end

-- WebSocket ------------------------------------------------------------------------------------------

local ws_options = new("host_ws_options")

-- o: {protocol, max_message, max_queue (bytes), ping_s, idle_s, deflate, deflate_min (bytes)}; absent means
-- the setting.
function M.ws_accept(req, o)
  ws_options.max_message = o.max_message or M.conf().limits.ws_message_bytes
  ws_options.max_queue = o.max_queue or M.conf().limits.ws_queue_bytes
  ws_options.ping_s, ws_options.idle_s = o.ping_s or 0, o.idle_s or 0
  ws_options.deflate_min = o.deflate_min or 0
  ws_options.flags = o.deflate and C.HOST_WS_DEFLATE or 0
  return C.host_ws_accept(req, fill(a, o.protocol or ""), ws_options)
end

M.WS_VOLATILE = C.HOST_WS_VOLATILE               -- may be added to an opcode of ws_send and ws_broadcast

function M.ws_send(ws, opcode, data) return C.host_ws_send(ws, opcode, fill(a, data)) end

local ids, ids_cap = new("host_id[?]", 64), 64

-- list: an array of n ws ids, or the result of M.ws_ids().
function M.ws_broadcast(list, n, opcode, data)
  if type(list) == "table" then
    if n > ids_cap then
      ids_cap = n * 2
      ids = new("host_id[?]", ids_cap)
    end
    for i = 1, n do ids[i - 1] = list[i] end
    list = ids
  end
  return C.host_ws_broadcast(list, n, opcode, fill(a, data))
end

-- A reusable id list for ws_broadcast, for rooms whose members rarely change.
function M.ws_ids(list, n)
  local v = new("host_id[?]", n)
  for i = 1, n do v[i - 1] = list[i] end
  return v
end

function M.ws_close(ws, code, reason) return C.host_ws_close(ws, code, fill(a, reason or "")) end

-- PostgreSQL -----------------------------------------------------------------------------------------

function M.db_acquire(owner, timeout_s) return C.host_db_acquire(owner, timeout_s) end

function M.db_query(owner, lease, sql, params, timeout_s)
  return C.host_db_query(owner, lease, fill(a, sql), fill(b, params), timeout_s)
end

function M.db_simple(lease, sql) return C.host_db_simple(lease, fill(a, sql)) end
function M.db_release(lease, broken) return C.host_db_release(lease, broken and 1 or 0) end
function M.db_listen(channel) return C.host_db_listen(fill(a, channel)) end
function M.db_acquire_direct(owner) return C.host_db_acquire_direct(owner) end
function M.db_up() return C.host_db_up() == 1 end

local CONDITIONS = {
  [C.HOST_DB_UNKNOWN] = "starting", [C.HOST_DB_UP] = "up", [C.HOST_DB_FULL] = "full",
  [C.HOST_DB_STARTING] = "starting", [C.HOST_DB_READ_ONLY] = "read_only", [C.HOST_DB_STUCK] = "stuck",
  [C.HOST_DB_REFUSED] = "refused", [C.HOST_DB_UNREACHABLE] = "unreachable",
}

-- The state of the database ("up", "starting", "full", "read_only", "stuck", "refused", "unreachable"), and the reason.
function M.db_state()
  local state = C.host_db_state(out)
  return CONDITIONS[state], taken()
end

-- A worker of this host that has connections to the database while this one can get none; else nil.
function M.db_sibling()
  local worker = C.host_db_sibling()
  if worker >= 0 then return worker end
end

-- Outbound HTTP -------------------------------------------------------------------------------------

function M.fetch(owner, spec) return C.host_fetch(owner, fill(a, M.pack(spec))) end
-- Why the last call of M.fetch was refused.
function M.fetch_why() C.host_fetch_why(out) return taken() end
function M.fetch_resume(op) return C.host_fetch_resume(op) end

M.EXEC = { STDOUT = C.HOST_EXEC_STDOUT, STDERR = C.HOST_EXEC_STDERR, REFUSED = C.HOST_EXEC_REFUSED,
           RESUME = C.HOST_EXEC_RESUME, CLOSE = C.HOST_EXEC_CLOSE, TERM = C.HOST_EXEC_TERM, KILL = C.HOST_EXEC_KILL }
function M.exec(owner, spec) return C.host_exec(owner, fill(a, M.pack(spec))) end
function M.exec_write(op, bytes) return C.host_exec_write(op, fill(a, bytes)) end
M.exec_tell = C.host_exec_tell

-- Shared by the workers --------------------------------------------------------------------------------

function M.worker() return C.host_worker() end
function M.workers() return C.host_workers() end
function M.bus_send(worker, data) return C.host_bus_send(worker, fill(a, data)) end
-- n: the tokens to take, 1 when nil; 0: only checks for one; -1: takes all.
function M.rate_take(key, rate, burst, n) return C.host_rate_take(fill(a, key), rate, burst, n or 1) == 1 end
function M.rate_left(key, rate, burst) return C.host_rate_left(fill(a, key), rate, burst) end
function M.metric(name, by) return C.host_metric_add(fill(a, name), by or 1) end

-- gen (optional): id of the generation that logs, if it is not the one in service.
function M.log(level, line, gen) return C.host_log(level, fill(b, gen or ""), fill(a, line)) end

-- The same for a string.buffer, which is emptied; creates no string.
function M.log_buffer(level, buf, gen)
  local p, n = buf:ref()
  a.p, a.n = p, n
  C.host_log(level, fill(b, gen or ""), a)
  buf:reset()
end

-- Whole lines of the log from a position on (negative: the newest), at most max bytes; and the position of the first.
function M.log_tail(from, max)
  local at = C.host_log_tail(from, max, out)
  return taken(), at
end

function M.metric_set(name, value) return C.host_metric_set(fill(a, name), value) end

-- The sum over all processes, or nil if none has that metric.
function M.metric_get(name)
  local v = C.host_metric_get(fill(a, name))
  return v == v and v or nil
end

-- This worker's state: {rss_bytes, connections, events, ops, pool = {..}, bus_bytes, lost_bytes}.
function M.stats()
  if C.host_stats(out) < 0 then return {} end
  return M.unpack(taken())
end

function M.metrics()
  if C.host_metric_dump(out) < 0 then return {} end
  return M.unpack(taken())
end

-- Crypto and text ----------------------------------------------------------------------------------------

require "human.core.host_crypto"(M, C, fill, taken, { a, b, c, out }, new)
require "human.core.host_files"(M, C, fill, taken, { a, b, c, out }, new)
require "human.core.host_sense"(M, C, fill, taken, { a, b, c, out })

-- Patterns: M.found holds the result until the next search.
M.found = new("host_found")
M.CAPTURE = { POSITION = C.HOST_CAPTURE_POSITION }
M.MATCH = { FIND = C.HOST_MATCH_FIND, MATCH = C.HOST_MATCH_MATCH, NEXT = C.HOST_MATCH_NEXT,
            PLAIN = C.HOST_MATCH_PLAIN }
-- Replaces at most `max` matches by `repl`: their number and the new text; or an error.
function M.replace(text, pattern, repl, max, steps)
  local found = M.found
  found.steps = steps
  local count = C.host_replace(fill(a, text), fill(b, pattern), fill(c, repl), max, found, out)
  return count, count > 0 and taken() or nil
end

function M.match_why() return str(C.host_match_why(M.found.why)) end

-- from: a position that counts from 0; steps: the limit.  1: found, 0: not, else an error.
function M.match(text, pattern, from, mode, steps)
  local found = M.found
  found.steps = steps
  return C.host_match(fill(a, text), fill(b, pattern), from, mode, found)
end

M.json_reader, M.json_encoder = native.json_reader, native.json_encoder
M.json_writer, M.json_quote = native.json_writer, native.json_quote

function M.utf8_ok(s) return C.host_utf8_ok(fill(a, s)) == 1 end

local FORMAT = { gzip = C.HOST_GZIP, deflate = C.HOST_DEFLATE }

-- coding: "gzip" or "deflate"; level: 1 to 9.  nil if the result is not smaller.
function M.compress(coding, data, level)
  if C.host_compress(FORMAT[coding], level, fill(a, data), out) < 0 then return nil end
  return taken()
end

-- Configuration, secrets, scripts --------------------------------------------------------------------------

local conf

function M.conf()
  if not conf then
    if C.host_conf(out) < 0 then error("settings are not available", 2) end
    conf = M.unpack(taken())
  end
  return conf
end

require "human.core.host_settings"(M, C, fill, taken, { a, b, out })
require "human.core.host_secrets"(M, C, fill, taken, { a, b, c, out })

function M.bundle_list(gen)
  if C.host_bundle_list(gen, out) < 0 then return {} end
  return M.unpack(taken())
end

function M.bundle_file(gen, path)
  if C.host_bundle_file(gen, fill(a, path), out) < 0 then return nil end
  return taken()
end

-- {roots = {dir, ..}, paths = {..}, root_of = {index from 0, ..}} of every file, overridden ones too.
function M.bundle_files(gen)
  if C.host_bundle_files(gen, out) < 0 then return { roots = {}, paths = {}, root_of = {} } end
  return M.unpack(taken())
end

-- The file `level` places behind the one in force (0), or nil.
function M.bundle_below(gen, path, level)
  if C.host_bundle_below(gen, fill(a, path), level, out) < 0 then return nil end
  return taken()
end

-- Its bytecode, where the binary has that of a script of this path and text; or nil.
function M.bundle_code(gen, path, level)
  if C.host_bundle_code(gen, fill(a, path), level, out) < 0 then return nil end
  return taken()
end

function M.bundle_id(gen)
  if C.host_bundle_id(gen, out) < 0 then return "" end
  return taken()
end

-- Reports on generation gen: whether this worker could build it, and that it serves it.
function M.reload_vote(gen, ok, why) return C.host_reload_vote(gen, ok and 1 or 0, fill(a, why)) end
function M.reload_serving(gen) return C.host_reload_serving(gen) end

M.native = native
return M
