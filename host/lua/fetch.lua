-- host/lua/fetch.lua -- outbound HTTP for scripts: one function that looks blocking.
-- Built on host.fetch (curl).  While a response streams, a separate task owns the transfer and
-- waits for its end; the caller reads the pieces and may await between them.  When the caller is
-- cancelled or fails, that task is killed, and the host closes the connection at once.

local beyond = require "human.core.beyond"
local blame = require "human.core.blame"
local host = require "human.core.host"
local sched = require "human.core.sched"
local send_body = require "human.core.send_body"
local timer = require "human.core.timer"
local trace = require "human.observe.trace"

local DEFAULT_TIMEOUT_S = 30
local MAX_TIMEOUT_S = 600
local DEFAULT_MAX_BYTES = 8388608
local LINGER_S = 0.1 -- how long a reader that has enough waits for the end, so that the connection is reused

local CODES = {
  [host.E.TIMEOUT] = "timeout",
  [host.E.DENIED] = "denied",
  [host.E.LIMIT] = "too_large",
  [host.E.GONE] = "file",
  [host.E.SEALED] = "credential",
}

-- Without who asks there, which is a secret at times.
local function origin(url)
  local scheme, place = url:match "^(%w+://)([^/?#]*)"
  return scheme and scheme .. place:gsub("^.*@", "") or "the address"
end

-- head: of the answer, where it had been read.
local function failure(request, status, data, head)
  local why = type(data) == "string" and data ~= "" and data or host.error_name(status)
  return nil, { code = CODES[status] or "network", message = origin(request.url) .. ": " .. why,
                status = head and head.status, headers = head and head.headers }
end

-- The caller's headers, the one of a form, and the trace header.
local function header_list(headers, content_type)
  local all, list = {}, {}
  for name, value in pairs(headers or {}) do
    if content_type and name:lower() == "content-type" then
      blame.refuse "fetch: a form has a Content-Type of its own"
    end
    all[name] = value
  end
  all["Content-Type"] = all["Content-Type"] or content_type
  for name, value in pairs(trace.outbound(all)) do list[#list + 1] = { name, tostring(value) } end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

local function number_between(request, name, default, max)
  local value = request[name]
  if value == nil then return default end
  if type(value) ~= "number" or not (value > 0) then
    error("fetch: " .. name .. " must be a number above 0", 4)
  end
  return math.min(value, max)
end

local SHOWN_AS = { header = true, query = true, bearer = false, basic = false }   -- true: under a name

-- A sealed credential as C expects it.
local function credential_of(c)
  if c == nil then return nil end
  local is_named = SHOWN_AS[c.as]
  if is_named == nil or type(c.sealed) ~= "string" or type(c.context) ~= "string" or c.context == ""
    or type(c.name) ~= (is_named and "string" or "nil") then
    error("fetch: credential must be {sealed, context, as = header | query (with name) | bearer | basic}", 4)
  end
  return { c.sealed, c.context, c.as, c.name or "" }
end

local function host_spec(request)
  if type(request.url) ~= "string" or not request.url:find "^https?://" then
    error("fetch: url must begin with http:// or https://", 3)
  end
  local timeout_s = number_between(request, "timeout_s", DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S)
  local body, parts, content_type = send_body.of(request)
  return {
    url = request.url,
    method = request.method or ((body or parts) and "POST" or "GET"),
    headers = header_list(request.headers, content_type),
    body = body, parts = parts,
    timeout_s = timeout_s,
    connect_timeout_s = math.min(timeout_s, request.connect_timeout_s or 10),
    stream = request.on_chunk ~= nil,
    max_bytes = number_between(request, "max_bytes", DEFAULT_MAX_BYTES, math.huge),
    guard = request.guard == true,
    pin = request.pin,
    proxy_head = request.proxy_head == true or nil,
    body_secrets = request.body_secrets == true or nil,
    repeatable = request.repeatable == true or nil,
    credential = credential_of(request.credential),
    proxy = request.proxy, no_proxy = request.no_proxy,
  }
end

local function wake_reader(stream)
  if not stream.parked then return end
  stream.parked = false
  sched.wake(stream.reader)
end

local function receive(stream, status, data)
  if status == host.CHUNK.HEAD then
    stream.head = host.unpack(data)
  else
    stream.last = stream.last + 1
    stream[stream.last] = data
  end
  wake_reader(stream)
end

-- Returns an op; or an error, and the reason.
local function begin(spec)
  local op = host.fetch(sched.owner(), spec)
  return op, op < 0 and host.fetch_why() or nil
end

-- The task that owns the transfer.
local function transfer(stream, spec)
  local op, why = begin(spec)
  if op > 0 then
    stream.op = op
    sched.on_chunk(op, function(status, data) receive(stream, status, data) end)
  end
  local ok, status, data = pcall(sched.await, op)
  data = why or data
  sched.on_chunk(op, nil)
  stream.status, stream.data = ok and status or host.E.CANCELED, data
  wake_reader(stream)
  if not ok then error(status, 0) end
end

local function park(stream)
  stream.parked = true
  -- All pieces of a transfer count as one await of the task.
  stream.reader.awaits = stream.reader.awaits - 1
  sched.suspend()
end

-- The server has sent nothing for too long.
local function hush(stream)
  stream.silent = true
  wake_reader(stream)
end

-- Waits for a piece: at most first_byte_s for the first one of the body, idle_s for others.
local function wait_for_piece(stream, request)
  local limit = request[stream.last > 0 and "idle_s" or "first_byte_s"]
  if not limit then return park(stream) end
  local patience = timer.start(math.max(0, stream.heard_at + limit - host.clock()), hush, stream)
  local ok, err = pcall(park, stream)
  timer.cancel(patience)
  if not ok then error(err, 0) end
end

local function too_silent(stream, request)
  local what = stream.last > 0 and "it fell silent within its answer" or "it did not begin to answer"
  return nil, { code = "timeout", message = origin(request.url) .. ": " .. what }
end

local function take(stream)
  local chunk = stream[stream.first]
  if not chunk then return nil end
  stream[stream.first] = nil
  stream.first = stream.first + 1
  return chunk
end

-- Collects the body of an error response: it is short, and explains the error.
local function sink(stream, request, collected)
  local status = stream.head and stream.head.status or 0
  if status >= 200 and status < 300 then return request.on_chunk end
  return function(chunk) collected[#collected + 1] = chunk end
end

local function finish(stream, request, collected)
  if stream.status < 0 and not stream.enough then
    return failure(request, stream.status, stream.data, stream.head)
  end
  local head = stream.head or { status = stream.status, headers = {} }
  return { status = head.status, headers = head.headers or {}, body = table.concat(collected) }
end

local function give_up(stream)
  stream.late = true
  wake_reader(stream)
end

local function drain(stream)
  while not stream.status and not stream.late do
    if not take(stream) then park(stream) end
  end
end

-- The caller has enough: gives the transfer a moment to end by itself.
local function linger(stream)
  stream.enough = true
  local patience = timer.start(LINGER_S, give_up, stream)
  local ok, err = pcall(drain, stream)
  timer.cancel(patience)
  if not ok then error(err, 0) end
end

local function consume(stream, request)
  local collected = {}
  while true do
    local chunk = take(stream)
    if chunk then
      if sink(stream, request, collected)(chunk, stream.head) == false then
        linger(stream)
        stream.status = stream.status or host.E.CANCELED
        return finish(stream, request, collected)
      end
      stream.heard_at = host.clock() -- pieces could not arrive while the caller was busy
    elseif stream.status then
      return finish(stream, request, collected)
    elseif stream.silent then
      return too_silent(stream, request)
    else
      if stream.op and stream.head then host.fetch_resume(stream.op) end
      wait_for_piece(stream, request)
    end
  end
end

local function fetch_stream(request, spec)
  local stream = { first = 1, last = 0, reader = sched.current(), heard_at = host.clock() }
  local pump = sched.spawn(transfer, stream, spec)
  local ok, result, err = pcall(consume, stream, request)
  stream.parked = false
  sched.kill(pump, sched.Canceled) -- does nothing if it has ended
  if not ok then error(result, 0) end
  return result, err
end

--- One HTTP request.  Awaits.
--- request: url (http or https; may hold ${secret:NAME}, filled in by the host), method, headers
---   ({[name]=value}, the same), body (a string; or a file, which the host reads while it sends it: {root =
---   files.root(..), name = ..}, or one of an upload), body_secrets (true: a body that is a string of at most 64 KB may
---   hold ${secret:NAME} too, so nothing that others wrote may be in it), form (in its place, multipart/form-data: a
---   list of {name, value or file, filename, type}; at most 16 files), timeout_s (30; for all of it, at most 600),
---   connect_timeout_s (10), max_bytes of the response body (8 MiB), guard (true allows
---   only https to public addresses, and the networks of the setting egress.allow), credential ({sealed, context, as =
---   "header" or "query" (with name), "bearer" or "basic"}: a text of crypto.seal for that context, of at most 16 KB,
---   that the host opens and puts there, so that no script ever has it; guarded requests too), pin ("sha256//" and the
---   base64 digest of the server's public key: trusts that key instead of certificate authorities), proxy (a URL,
---   may hold ${secret:NAME}; proxies in the environment are ignored) and no_proxy (hosts and networks to
---   reach without it), repeatable (true: a POST or PATCH that may be sent again, as all other methods and whatever has
---   an Idempotency-Key are, when a connection that had been idle ends without an answer), on_chunk(bytes, head):
---   called for each piece of a 2xx body; it may await; when it returns false, the rest is discarded.  With on_chunk:
---   first_byte_s, the timeout for the first piece of the body, and idle_s, the timeout for each next piece.
--- Returns {status, headers (names in lower case), body}: the body is "" when on_chunk received it.
---   Or nil and {code = "timeout" | "network" | "denied" | "too_large" | "file" (one is not there, or changed while it
---   was sent) | "credential" (it does not open here, or has a control character), message}; with on_chunk also status
---   and headers, if the answer's head had come by then.
--- Raises sched.Canceled when the task is cancelled; the connection is then closed.
local function fetch(request)
  local task = sched.current()
  if not task then error("fetch: outside a task", 2) end
  beyond "fetch"
  if task.tx then error("fetch: not inside a transaction", 2) end
  local spec = host_spec(request)
  if request.on_chunk then return fetch_stream(request, spec) end
  local op, why = begin(spec)
  local status, data = sched.await(op)
  if status < 0 then return failure(request, status, why or data) end
  return host.unpack(data)
end

return fetch
