-- scripts/gateway/mcp/era.lua -- which revision of the Model Context Protocol a server speaks.  Since 2026-07-28 each
-- request describes itself; before, a connection began with `initialize`.  A server is first asked with
-- server/discover.  An answer to that, or the error that lists revisions, proves the new one; anything else, silence
-- and the end of its program included, is how older servers take a method that they do not know.

local json = require "human.json"
local system = require "human.system"
local task = require "human.task"
local messages = require "gateway.mcp.messages"
local store = require "gateway.mcp.store"
local words = require "gateway.mcp.words"

local M = {}

local OLDER = { ["2025-11-25"] = true, ["2025-06-18"] = true, ["2025-03-26"] = true, ["2024-11-05"] = true }
local NEWEST_OLDER = "2025-11-25"
local PROBE_S = 10                               -- limit: until a server counts as one that does not know the question
local VERSIONS_MAX = 32                          -- of a list of revisions
local INFO = "io.modelcontextprotocol/serverInfo"

--- The error of a server that does not speak the revision of a request.
M.UNSUPPORTED = -32022

-- The revisions of a list, or nil when it is none.
local function versions_of(list)
  if type(list) ~= "table" or not json.is_array(list) or list[1] == nil then return nil end
  local versions = {}
  for i = 1, math.min(#list, VERSIONS_MAX) do
    if type(list[i]) ~= "string" then return nil end
    versions[i] = list[i]
  end
  return versions
end

--- What an answer to server/discover, or to initialize, says of its server: "newest" or "older"; or nil and why no
--- revision fits.
function M.judge(result, err)
  local listed
  if type(result) == "table" then listed = result.supportedVersions end
  if err and err.code == M.UNSUPPORTED and type(err.data) == "table" then listed = err.data.supported end
  local versions = versions_of(listed)
  if not versions then return "older" end
  local has_older = false
  for _, version in ipairs(versions) do
    if version == messages.NEWEST then return "newest" end
    has_older = has_older or OLDER[version] == true
  end
  if has_older then return "older" end
  return nil, "it speaks other revisions of the protocol: " .. words.plain(table.concat(versions, ", "), 200)
end

local function title_of(info)
  if type(info) ~= "table" then info = {} end
  return words.plain(info.title or info.name, 80) .. " " .. words.plain(info.version, 20)
end

local function left(until_at) return math.max(0.1, until_at - task.clock()) end

local function discover(conn, seconds)
  conn.version = messages.NEWEST
  messages.describe(conn.book, messages.NEWEST)
  return conn:request("server/discover", {}, seconds, { is_probe = true })
end

local function member(value, name) return type(value) == "table" and value[name] or nil end

local function welcome(conn, found)
  conn.can_listen = member(member(found.capabilities, "tools"), "listChanged") == true
  return title_of(member(found._meta, INFO) or found.serverInfo)
end

-- Its title when it speaks the newest revision; nil: nothing says that it does; and whether that is sure, as it is not
-- when an address cannot be reached, or is in trouble; and whether its connection is lost by that.
local function ask_newest(conn, server, seconds)
  local found, why, err = discover(conn, seconds)
  local era, unfit = M.judge(found, err)
  if not era then error(unfit, 0) end
  if era == "newest" and not found then error("it refuses the revision that it lists: " .. words.plain(why, 200), 0) end
  if era == "newest" then return welcome(conn, found) end
  conn.version = nil
  messages.describe(conn.book, nil)
  -- A program that is silent, or ended, may not survive the question another time, either.
  local is_lost = server.kind == "stdio" and not found and not err
  if is_lost then
    store.note_older(server, true)
    conn:close "it does not know the newest revision"
  end
  return nil, server.kind == "stdio" or conn.status ~= nil and conn.status < 500, is_lost
end

-- was_older: what is noted.
local function ask_older(conn, server, until_at, is_sure, was_older)
  local hello, why, err = conn:request("initialize", { protocolVersion = NEWEST_OLDER, capabilities = {},
    clientInfo = { name = "human", version = system.health().version } }, left(until_at))
  if not hello then
    local era, unfit = M.judge(nil, err)
    if era ~= "newest" then error(unfit or why, 0) end
    if was_older then store.note_older(server, false) end
    return ask_newest(conn, server, left(until_at)) or error(why, 0)
  end
  if type(hello) ~= "table" then error("it answered initialize with nothing", 0) end
  if not OLDER[hello.protocolVersion] then
    error("it speaks another version of the protocol: " .. words.plain(tostring(hello.protocolVersion), 40), 0)
  end
  conn.version = hello.protocolVersion
  conn:notify "notifications/initialized"
  if is_sure and not was_older then store.note_older(server, true) end
  return title_of(hello.serverInfo)
end

--- Greets a server in a revision that it speaks; open() gives a connection.  Its title, or an error.
function M.greet(server, open, until_at)
  local conn, was_older = open(), store.is_older(server)
  local title, is_sure, is_lost = nil, true, false
  if not was_older then title, is_sure, is_lost = ask_newest(conn, server, math.min(PROBE_S, server.timeout_s)) end
  if title then return title end
  if is_lost then conn = open() end
  local ok, said = pcall(ask_older, conn, server, until_at, is_sure, was_older or is_lost)
  if ok then return said end
  if was_older then store.note_older(server, false) end -- it may be another server by now
  error(said, 0)
end

return M
