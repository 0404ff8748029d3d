-- scripts/gateway/channel/files.lua -- files that people send: fetched from the vendor for people who may talk.
-- The vendor's own addresses are asked with the account's credentials; an address that came in a message is asked
-- without any, and through the guard. At most two messages per worker have their files in memory at a time.

local fetch = require "human.fetch"
local task = require "human.task"
local attached = require "gateway.attached"
local limits = require "gateway.rules.limits"
local net = require "gateway.channel.net"
local addresses = require "gateway.web_address"

local M = {}

local FILES, HOPS, TIMEOUT_S = 4, 3, 30          -- limit: channel files
local AT_ONCE, TRIES, WAIT_S = 2, 3, 60
-- Kinds that nothing here could open, whatever is in them.
local CLOSED = { voice = "nobody here can listen", audio = "nobody here can listen", video = "nobody here can watch it",
                 video_note = "nobody here can watch it", animation = "nobody here can watch it" }

local function too_large() return ("it is larger than %.0f MB"):format(limits.attached_image_bytes / 1048576) end

local function get(request)
  local response, err = fetch {
    url = request.url, method = request.method, headers = request.headers, guard = request.guard,
    timeout_s = TIMEOUT_S, max_bytes = limits.attached_image_bytes + 1024,
  }
  if response then return response end
  if err.code == "too_large" then return nil, too_large() end
  return nil, nil, err.message
end

-- The request for a file, by the channel or by the address in the message.
local function first(c, a, message, account, token)
  if c.file and a.id then return c.file(a, message, account, token) end
  local address = addresses.read(a.url)
  if not address or address.scheme ~= "https" then return nil end
  return { method = "GET", url = address.url, guard = true }
end

local function read(c, response, a, account, token)
  if c.filed then return c.filed(response, a, account, token) end
  if response.status == 200 then return { bytes = response.body } end
  return { failed = "the vendor does not give it out (status " .. response.status .. ")" }
end

-- The bytes; or nil and why it cannot be opened; or nil, nil and why it could not be fetched now.
local function bytes_of(c, a, message, account)
  local token, no_token = net.token(c, account)
  if token == false then return nil, nil, no_token end
  local request = first(c, a, message, account, token)
  if not request then return nil, "this channel does not give it out" end
  for _ = 1, HOPS do
    local response, why, failed = get(request)
    if not response then return nil, why, failed end
    if response.status >= 500 then return nil, nil, "status " .. response.status end
    local got = read(c, response, a, account, token)
    if got.bytes then return got.bytes end
    if not got.again then return nil, got.failed or "it could not be fetched" end
    request = got.again
  end
  return nil, "the vendor sends one ever further"
end

-- An attachment as gateway.attached reads it; or nil and why not; or nil, nil and why not now.
local function open(c, a, message, account)
  if CLOSED[a.kind] then return nil, CLOSED[a.kind] end
  if (a.bytes or 0) > limits.attached_image_bytes then return nil, too_large() end
  local bytes, why, failed = bytes_of(c, a, message, account)
  if not bytes then return nil, why, failed end
  return attached.of(bytes, a.name)
end

local function fetch_all(c, message, account, is_last)
  local files, notes = {}, {}
  for i, a in ipairs(message.attachments) do
    local file, why, failed
    why = "at most " .. FILES .. " are opened"
    if i <= FILES then file, why, failed = open(c, a, message, account) end
    if failed and not is_last then return nil, failed end
    local ok = file ~= nil
    if ok then ok, why = attached.add(files, file) end
    if not ok then notes[#notes + 1] = { a = a, why = why or "it could not be fetched" } end
  end
  return { files = files, notes = notes }
end

-- Whose turn it is: how many are at work, and who waits, first come first.  Whoever ends hands the turn on.
-- Of one generation: in a reload those of the old one end beside those of the new.
local at_work, waiting = 0, {}

local function leave()
  local following = table.remove(waiting, 1)
  if not following then
    at_work = at_work - 1
    return
  end
  following.turn = true
  task.wake(following.task)
end

local function forget(mine)
  for i, other in ipairs(waiting) do
    if other == mine then table.remove(waiting, i) end
  end
end

local function await_turn(mine)
  while not mine.turn do task.wait(WAIT_S) end
end

local function enter()
  if at_work < AT_ONCE then
    at_work = at_work + 1
    return
  end
  local mine = { task = task.current() }
  waiting[#waiting + 1] = mine
  local ok, err = pcall(await_turn, mine)
  if ok then return end
  if mine.turn then leave() else forget(mine) end
  error(err, 0)
end

--- Runs fn while few others do.
function M.in_turn(fn, ...)
  enter()
  local ok, got, why = pcall(fn, ...)
  leave()
  if not ok then error(got, 0) end
  return got, why
end

--- What came with a message: {files (as gateway.attached reads them), notes = {{a, why}, ..} of what cannot be opened}.
--- Nil and a reason where it cannot be fetched now; attempt: how often that was tried.  Awaits.
function M.get(c, message, account, attempt)
  if not message.attachments then return { files = {}, notes = {} } end
  return M.in_turn(fetch_all, c, message, account, attempt >= TRIES)
end

return M
