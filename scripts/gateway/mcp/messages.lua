-- scripts/gateway/mcp/messages.lua -- what a server of the Model Context Protocol sends, over whatever transport:
-- answers to our calls, requests that we answer or refuse, and notices. A server may send anything, as often as it
-- likes; meaningless messages are counted, and a server that sends too many is dropped.

local json = require "human.json"
local jsonrpc = require "jsonrpc"
local task = require "human.task"

local M = {}

local NOISE_BYTES, NOISE_S = 8 * 1048576, 60     -- limit: what means nothing, in a minute
local REPLIES_MAX = 8                            -- to requests of the server, that are being written
local PROGRESS_S = 0.25

local rpc = jsonrpc.new { null = json.null, array = json.array, is_array = json.is_array }

--- The book of a connection: {last_id, pending = {[id] = {task, answer, on_progress}}, noise}.
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

--- A call: its id, its text, and what waits for its answer.
function M.call(book, method, params, on_progress)
  book.last_id = book.last_id + 1
  local id = book.last_id
  if on_progress then params._meta = { progressToken = id } end
  local waiting = { task = task.current(), on_progress = on_progress, told_at = -math.huge }
  book.pending[id], book.n = waiting, book.n + 1
  return id, json.encode(rpc:call(method, params, id)), waiting
end

--- Nobody waits for this call any more.
function M.forget(book, id)
  if book.pending[id] then book.pending[id], book.n = nil, book.n - 1 end
end

function M.notice(method, params) return json.encode(rpc:call(method, params)) end

local function answer(book, message)
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

--- Takes a text that the server sent; write(text) sends it one.  False: it has sent too much that means nothing.
function M.take(book, text, write)
  local value = json.decode(text)
  local list = value ~= nil and rpc:read(value) or {}
  local meant = false
  for _, message in ipairs(list) do
    if message.kind == "answer" then
      meant = answer(book, message) or meant
    elseif message.kind == "request" then
      reply(book, message, write)
    elseif message.method == "notifications/progress" then
      progress(book, message.params)
    elseif message.method == "notifications/tools/list_changed" then
      book.is_stale = true
    end
  end
  return meant or M.noise(book, #text)
end

return M
