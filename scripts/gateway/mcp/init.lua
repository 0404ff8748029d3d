-- scripts/gateway/mcp/init.lua -- tools of servers of the Model Context Protocol.  A server is started (or asked) when
-- it is first needed, at most once in each worker, and again after a failure only when some time has passed.  What it
-- lists is written down; a call is made only while the server says of the tool what it said when that was allowed.

local config = require "human.config"
local fail = require "human.fail"
local json = require "human.json"
local jsonschema = require "jsonschema"
local log = require "human.log"
local task = require "human.task"
local decisions = require "human.decisions"
local calls = require "gateway.mcp.calls"
local era = require "gateway.mcp.era"
local rules = require "gateway.rules.mcp"
local settings = require "gateway.mcp.config"
local store = require "gateway.mcp.store"
local tools = require "gateway.tools"
local words = require "gateway.mcp.words"

local M = {}

local TRANSPORTS = { stdio = require "gateway.mcp.stdio", http = require "gateway.mcp.http" }
local OPEN_S, REFRESH_S = 30, 8
local FRESH_S = 300                              -- of a listing whose server does not say how long it holds
local FRESH_MIN_S, FRESH_MAX_S = 5, 3600         -- limit: of one whose server does (ttlMs)
local PAGES_MAX, TOOLS_MAX = 20, 128             -- limit: of one listing
local AGAIN_S, AGAIN_MAX_S = 1, 60               -- after a failure; doubled each time
local WHY_BYTES = 500
local BY_SETTING = "tools.enabled"

local open = {}                                  -- name -> {conn, tools, listed_at} or {waiters}; of this worker
local down = {}                                  -- name -> {n, until_at, why}

-- ---- asking a server -----------------------------------------------------------------------------------------

local function ask(conn, method, params, until_at)
  local result, why = conn:request(method, params, math.max(0.1, until_at - task.clock()))
  if result == nil then error(why, 0) end
  if type(result) ~= "table" then error("it answered " .. method .. " with nothing", 0) end
  if conn.book.described and result.resultType ~= nil and result.resultType ~= "complete" then
    error("it answered " .. method .. " with something else", 0)
  end
  return result
end

-- How long a page of a listing holds.
local function fresh_s(conn, page)
  if not conn.book.described then return FRESH_S end
  local said_s = type(page.ttlMs) == "number" and page.ttlMs == page.ttlMs and page.ttlMs / 1000 or 0
  return math.max(FRESH_MIN_S, math.min(said_s, FRESH_MAX_S))
end

-- Rows of gateway.mcp.words.tool, those that fit.  What a server lists twice, as one that does not know of pages does,
-- is what it said first.  Also how long that holds.
local function listing(conn, server, until_at)
  local rows, taken, listed_before, cursor, holds_s = {}, {}, {}, nil, FRESH_MAX_S
  local has_headers = server.kind == "http" and conn.book.described ~= nil
  for _ = 1, PAGES_MAX do
    local page = ask(conn, "tools/list", { cursor = cursor }, until_at)
    for _, listed in ipairs(type(page.tools) == "table" and page.tools or {}) do
      local row = #rows < TOOLS_MAX and words.tool(server, listed, taken, has_headers)
      if row and not taken[row.name] and not listed_before[row.tool] then
        rows[#rows + 1], taken[row.name], listed_before[row.tool] = row, row, true
      end
    end
    holds_s = math.min(holds_s, fresh_s(conn, page))
    cursor = type(page.nextCursor) == "string" and page.nextCursor or nil
    if not cursor then break end
  end
  return rows, taken, holds_s
end

local function look(entry, server, until_at)
  entry.conn.book.is_stale = false
  local rows, by_name, holds_s = listing(entry.conn, server, until_at)
  for _, name in ipairs(store.keep(server, entry.title, rows)) do
    log.warn("a tool is off: its server changed it after it was allowed", { tool = name, server = server.name })
  end
  entry.tools, entry.listed_at, entry.holds_s = by_name, task.clock(), holds_s
end

-- ---- connections ---------------------------------------------------------------------------------------------

local function failed(server, why, detail)
  local n = (down[server.name] and down[server.name].n or 0) + 1
  local wait_s = math.min(AGAIN_MAX_S, AGAIN_S * 2 ^ math.min(n - 1, 10))
  down[server.name] = { n = n, until_at = task.clock() + wait_s, why = why }
  log.warn("a source of tools failed", { server = server.name, error = why, detail = detail, again_in_s = wait_s })
  local told = detail and detail ~= "" and why .. ": " .. words.plain(detail, 300) or why
  pcall(store.failed, server, told)
end

local function begin(entry, server)
  local until_at = task.clock() + OPEN_S
  entry.title = era.greet(server, function()
    local conn, why = TRANSPORTS[server.kind].open(server)
    if not conn then error(why, 0) end
    entry.conn = conn
    return conn
  end, until_at)
  if entry.conn.can_listen then entry.conn:listen() end
  look(entry, server, until_at)
end

-- In a task of its own, so that who waits for it may be aborted.
local function opening(entry, server)
  task.name("gateway mcp", server.name)
  local ok, err = pcall(begin, entry, server)
  if not ok then
    entry.why = words.plain(fail.is(err) and err.message or tostring(err), WHY_BYTES) -- it may be the server's words
    if open[server.name] == entry then open[server.name] = nil end
    local conn = entry.conn
    if conn then conn:close(entry.why) end
    failed(server, entry.why, conn and conn.detail)
  end
  entry.is_ready = true
  for _, waiter in ipairs(entry.waiters) do task.wake(waiter) end
  entry.waiters = {}
end

local function is_over(server, conn)
  return conn.dead or server.kind == "http" and task.clock() - conn.used_at > server.idle_s
end

-- The entry of a server, which is opened when it is not; nil and why not.
local function connect(server)
  local entry = open[server.name]
  if entry and entry.is_ready and is_over(server, entry.conn) then
    local conn = entry.conn
    if conn.dead and not conn.is_idle then failed(server, conn.dead, conn.detail) end
    conn:close "it was idle"
    open[server.name], entry = nil, nil
  end
  local rest = down[server.name]
  if not entry and rest and task.clock() < rest.until_at then return nil, rest.why end
  if not entry then
    entry = { waiters = {} }
    open[server.name] = entry
    task.detach(opening, entry, server)
  end
  while not entry.is_ready do
    entry.waiters[#entry.waiters + 1] = task.current()
    task.wait(OPEN_S)
  end
  if entry.why then return nil, entry.why end
  return entry
end

-- The same, with a listing that still holds.
local function connect_fresh(server)
  local entry, why = connect(server)
  if not entry then return nil, why end
  if not entry.conn.book.is_stale and task.clock() - entry.listed_at <= entry.holds_s then return entry end
  local ok, err = pcall(look, entry, server, task.clock() + OPEN_S)
  if ok then return entry end
  if type(err) ~= "string" then error(err, 0) end
  entry.conn.book.is_stale = true
  return nil, words.plain(err, WHY_BYTES)
end

-- ---- calls ----------------------------------------------------------------------------------------------------

-- It is greeted again when it is needed.
local function leave(server, entry)
  if open[server.name] == entry then open[server.name] = nil end
  entry.conn:close "it is greeted again"
end

local function perform(server, row, call, is_again)
  local entry, why = connect_fresh(server)
  if not entry then return nil, ("The server %s is not available: %s."):format(server.name, why) end
  local now = entry.tools[row.name]
  if not now or now.tool ~= row.tool then return nil, "Its server does not have this tool any more." end
  if now.hash ~= row.allowed_hash then
    return nil, "Its server has changed this tool since it was allowed; the operator has to allow it again."
  end
  local text, failure, again = calls.call(server, entry.conn, now, call)
  if text then
    down[server.name] = nil
    return text
  end
  if not again or is_again then return nil, failure end
  if again == "list" then entry.conn.book.is_stale = true end
  if again == "greet" then leave(server, entry) end
  return perform(server, row, call, true)
end

-- ---- what is offered ------------------------------------------------------------------------------------------

local function names_it(setting, name)
  for _, one in ipairs(setting) do
    if one == name then return true end
  end
  return false
end

-- Whether the model may have it, and for people why not.
local function state_of(row)
  local server = settings.servers[row.server]
  if not server then return false, "its server is not among mcp_servers" end
  if server.identity ~= row.identity then return false, "its server is another one now, and was not asked yet" end
  if not row.is_listed then return false, "its server does not list it any more" end
  if row.problem then return false, row.problem end
  if names_it(config.tools.disabled, row.name) or names_it(config.tools.disabled, "*") then
    return false, "tools.disabled names it"
  end
  if not row.allowed_hash or row.allowed_hash == "" then return false, "it has not been allowed" end
  if row.allowed_hash ~= row.hash then return false, "its server has changed it since it was allowed" end
  if row.allowed_by == BY_SETTING and not names_it(config.tools.enabled, row.name) then
    return false, "it has not been allowed"
  end
  return true
end

local function risk_of(row)
  local facts = { server = row.server, tool = row.tool, is_read_only = row.is_read_only }
  return decisions.ask(rules.risk, { ref = row.name }, facts).risk
end

local function refusal_of(schema, arguments)
  local validator = jsonschema.compile(schema, { null = json.null, is_array = json.is_array })
  local ok, errors = validator:validate(arguments)
  return not ok and tools.misfit(errors) or nil
end

-- A row as gateway.tools has its tools.
local function tool_of(row)
  local server, schema = settings.servers[row.server], json.decode(row.parameters)
  return {
    name = row.name, description = words.description(row.server, row.description), parameters = schema,
    risk = risk_of(row), parallel = row.is_read_only, repeatable = false, timeout_s = server.timeout_s + OPEN_S + 5,
    source = "mcp:" .. row.server, fn = function(call) return perform(server, row, call) end,
    refusal = function(arguments) return refusal_of(schema, arguments) end,
    -- What was allowed for good is this definition of the tool.
    subject = function() return "definition:" .. row.hash end,
    command = function() return nil end, prefix = function() return nil end,
  }
end

-- The rows of the servers that there are; what tools.enabled names and nobody has decided about is allowed as it is.
local function rows()
  if not settings.names[1] then return {} end
  local list, adopted = store.tools(settings.names), {}
  for _, row in ipairs(list) do
    if not row.allowed_hash and not row.problem and names_it(config.tools.enabled, row.name) then
      adopted[#adopted + 1] = row.name
    end
  end
  if not adopted[1] then return list end
  store.adopt(adopted, BY_SETTING)
  return store.tools(settings.names)
end

-- Servers whose tools are named in the settings, but that were never asked.
local function ask_unknown()
  local known = nil
  for _, name in ipairs(config.tools.enabled) do
    local server = settings.servers[words.server_of(name) or ""]
    known = known or server and store.servers()
    local row = server and known[server.name]
    if server and not (row and row.listed_at and row.identity == server.identity) then
      connect(server)
      known = nil
    end
  end
end

-- ---- as a source of gateway.tools -------------------------------------------------------------------------------

tools.source(words.PREFIX, {
  find = function(name)
    local row = settings.names[1] and store.tool(name)
    if not row then return nil, ("There is no tool %s."):format(name:sub(1, 80)) end
    local is_on = state_of(row)
    if not is_on then return nil, ("The tool %s is switched off."):format(name) end
    return tool_of(row)
  end,
  offered = function()
    if not settings.names[1] then return {} end
    ask_unknown()
    local list = {}
    for _, row in ipairs(rows()) do
      if state_of(row) then
        list[#list + 1] = { name = row.name, description = words.description(row.server, row.description),
                            parameters = json.decode(row.parameters) }
      end
    end
    return list
  end,
  catalog = function()
    local list = {}
    for i, row in ipairs(rows()) do
      local is_on, why = state_of(row)
      list[i] = { name = row.name, description = row.description, parameters = json.decode(row.parameters),
                  risk = risk_of(row), enabled = is_on, source = "mcp:" .. row.server, hash = row.hash, reason = why }
    end
    return list
  end,
})

--- The servers: {name, kind, state ("ready", "failed", "unknown"), title, error, listed_at}.
function M.sources()
  local known, list = settings.names[1] and store.servers() or {}, {}
  for i, name in ipairs(settings.names) do
    local server, row = settings.servers[name], known[name]
    if row and row.identity ~= server.identity and not row.error then row = nil end
    list[i] = { name = name, kind = server.kind, title = row and row.title or "", error = row and row.error,
                listed_at = row and row.listed_at,
                state = row and (row.error and "failed" or row.listed_at and "ready") or "unknown" }
  end
  return list
end

local function look_again(server)
  down[server.name] = nil
  local entry = connect(server)
  if not entry or task.clock() - entry.listed_at < 1 then return end
  local ok, err = pcall(look, entry, server, task.clock() + OPEN_S)
  if not ok then failed(server, words.plain(fail.is(err) and err.message or tostring(err), WHY_BYTES)) end
end

--- Asks a server again what it has, or all of them; waits for a few seconds, and what comes of it is in sources().
--- Returns true, or nil and "not_found".
function M.refresh(name)
  if name and not settings.servers[name] then return nil, "not_found" end
  local me, left = task.current(), 0
  for _, each in ipairs(name and { name } or settings.names) do
    left = left + 1
    task.detach(function()
      pcall(look_again, settings.servers[each])
      left = left - 1
      task.wake(me)
    end)
  end
  local until_at = task.clock() + REFRESH_S
  while left > 0 and task.clock() < until_at do task.wait(until_at - task.clock()) end
  return true
end

--- Allows a tool as it is now. hash: of the definition that was shown, or nil.  True; or nil and "not_found",
--- "changed" or "unfit".
function M.allow(name, by, hash)
  local row = store.tool(name)
  if not row or not settings.servers[row.server] then return nil, "not_found" end
  if row.problem then return nil, "unfit" end
  if hash and hash ~= row.hash or not store.allow(name, by, row.hash) then return nil, "changed" end
  return true
end

--- Switches a tool off; whether there is one.
function M.forbid(name, by) return store.forbid(name, by) end

return M
