-- scripts/gateway/mcp/messages.lua -- what a server of the Model Context Protocol sends, over whatever transport:
-- answers to our calls, requests that we answer or refuse, and notices. A server may send anything, as often as it
-- likes; meaningless messages are counted, and a server that sends too many is dropped.

local json = require "human.json"
local jsonrpc = require "jsonrpc"
local system = require "human.system"
local task = require "human.task"

local M = {}

local NOISE_BYTES, NOISE_S = 8 * 1048576, 60     -- limit: what means nothing, in a minute
local REPLIES_MAX = 8                            -- to requests of the server, that are being written
local REFUSAL_BYTES = 65536                      -- of a body that explains an HTTP status
local PROGRESS_S = 0.25
local PREFIX = "io.modelcontextprotocol/"

--- The newest revision, in which each message describes itself.
M.NEWEST = "2026-07-28"

local rpc = jsonrpc.new { null = json.null, array = json.array, is_array = json.is_array }

--- The book of a connection: {last_id, pending = {[id] = {task, answer, on_progress}}, noise, described (what each
--- message says of itself, since 2026-07-28), listen_id and is_heard (a subscription), is_stale (the list is)}.
function M.book()
  return { last_id = 0, pending = {}, n = 0, noise = 0, noise_at = task.clock(), replies = 0, is_stale = false }
end

--- Counts bytes that mean nothing; false: it is too much.
function M.noise(book, bytes)
  local now = task.clock()
  if now - book.noise_at > NOISE_S then book.noise, book.noise_at = 0, now end
  book.noise = book.noise + bytes
  return book.noise <= NOISE_BYTES
end

--- From now on each message says that it is of this revision, and who sends it; nil: as before 2026-07-28.
function M.describe(book, version)
  book.described = version and {
    [PREFIX .. "protocolVersion"] = version, [PREFIX .. "clientCapabilities"] = {},
    [PREFIX .. "clientInfo"] = { name = "human", version = system.health().version },
  } or nil
end

local function copy(t)
  local out = {}
  for name, value in pairs(t or {}) do out[name] = value end
  return out
end

local function with_meta(book, params, token)
  if not book.described and token == nil then return params end
  params = copy(params)
  params._meta = copy(book.described)
  params._meta.progressToken = token
  return params
end

--- A call: its id, its text, and what waits for its answer.
function M.call(book, method, params, on_progress)
  book.last_id = book.last_id + 1
  local id = book.last_id
  params = with_meta(book, params, on_progress and id)
  local waiting = { task = task.current(), on_progress = on_progress, told_at = -math.huge }
  book.pending[id], book.n = waiting, book.n + 1
  return id, json.encode(rpc:call(method, params, id)), waiting
end

--- Nobody waits for this call any more.
function M.forget(book, id)
  if book.pending[id] then book.pending[id], book.n = nil, book.n - 1 end
end

function M.notice(book, method, params) return json.encode(rpc:call(method, with_meta(book, params))) end

--- The request to hear of changes of the list of tools; what comes of it is in book.is_heard and is_stale.
function M.listen(book)
  book.last_id = book.last_id + 1
  book.listen_id, book.is_heard = book.last_id, false
  local params = with_meta(book, { notifications = { toolsListChanged = true } })
  return json.encode(rpc:call("subscriptions/listen", params, book.listen_id))
end

--- Nothing is heard any more.
function M.deafen(book) book.listen_id, book.is_heard = nil, false end

local function answer(book, message)
  if message.id == book.listen_id then
    M.deafen(book)
    return true
  end
  local waiting = type(message.id) == "number" and book.pending[message.id]
  if not waiting or waiting.answer then return false end
  waiting.answer = message
  task.wake(waiting.task)
  return true
end

local function progress(book, params)
  local waiting = type(params) == "table" and book.pending[params.progressToken]
  local now = task.clock()
  if not waiting or not waiting.on_progress or now - waiting.told_at < PROGRESS_S then return end
  waiting.told_at = now
  local n, total = tonumber(params.progress), tonumber(params.total)
  waiting.on_progress(n or 0, total, type(params.message) == "string" and params.message or nil)
end

local function reply(book, message, write)
  if book.replies >= REPLIES_MAX then return end
  local text = json.encode(message.method == "ping" and rpc:result(message.id, {})
    or rpc:failure(message.id, jsonrpc.METHOD_NOT_FOUND))
  book.replies = book.replies + 1
  task.detach(function()
    pcall(write, text)
    book.replies = book.replies - 1
  end)
end

-- Since 2026-07-28 a notice of changes belongs to a subscription, and says to which.
local function is_heard(book, params)
  if not book.described then return true end
  local meta = type(params) == "table" and type(params._meta) == "table" and params._meta or {}
  return book.listen_id ~= nil and meta[PREFIX .. "subscriptionId"] == book.listen_id
end

local NOTICES = {
  ["notifications/progress"] = progress,
  ["notifications/tools/list_changed"] = function(book, params)
    book.is_stale = book.is_stale or is_heard(book, params)
  end,
  -- What changed before that was not heard.
  ["notifications/subscriptions/acknowledged"] = function(book, params)
    if not book.described or book.is_heard or not is_heard(book, params) then return end
    local heard = type(params.notifications) == "table" and params.notifications or {}
    if heard.toolsListChanged == true then book.is_heard, book.is_stale = true, true end
  end,
  ["notifications/cancelled"] = function(book, params)
    if type(params) == "table" and book.listen_id and params.requestId == book.listen_id then M.deafen(book) end
  end,
}

--- Takes a body that explains why a call was refused with an HTTP status; it need not say which call.
function M.refusal(book, id, text)
  local waiting, value = book.pending[id], #text <= REFUSAL_BYTES and json.decode(text)
  local failure = type(value) == "table" and value.error
  if not waiting or waiting.answer or type(failure) ~= "table" or type(failure.code) ~= "number" then return end
  if value.id ~= nil and value.id ~= json.null and value.id ~= id then return end
  local said = type(failure.message) == "string" and failure.message or ""
  waiting.answer = { id = id, error = jsonrpc.error(failure.code, said, failure.data) }
end

--- Takes a text that the server sent; write(text) sends it one.  False: it has sent too much that means nothing.
function M.take(book, text, write)
  local value = json.decode(text)
  local list = value ~= nil and rpc:read(value) or {}
  local meant = false
  for _, message in ipairs(list) do
    if message.kind == "answer" then
      meant = answer(book, message) or meant
    elseif message.kind == "request" then
      if not book.described then reply(book, message, write) end -- the newest revision knows no requests of servers
    elseif NOTICES[message.method] then
      NOTICES[message.method](book, message.params)
    end
  end
  return meant or M.noise(book, #text)
end

return M
