-- scripts/gateway/mcp/config.lua -- the setting mcp_servers: programs and addresses that bring tools (the Model Context
-- Protocol).  Each is checked while scripts load; its values may hold ${secret:NAME}, which only the host fills in.

local config = require "human.config"
local crypto = require "human.crypto"
local json = require "human.json"

local M = {}

local SERVERS_MAX, NAME_MAX, TIMEOUT_S, IDLE_S = 32, 24, 60, 300

config.define("mcp_servers", { type = "object",
  text = "servers of the Model Context Protocol, by name: {command, args, env} or {url, headers}" })

-- What a server may say, and what each is.
local COMMON = { type = "string", disabled = "boolean", timeout_s = "number", idle_s = "number" }
local STDIO = { command = "string", args = "list", env = "map", network = "boolean", read = "list", write = "list" }
local HTTP = { url = "string", headers = "map", secret = "string" }

local function is_list(v)
  if type(v) ~= "table" or next(v) ~= nil and not json.is_array(v) then return false end
  for _, each in ipairs(v) do
    if type(each) ~= "string" then return false end
  end
  return true
end

local function is_map(v)
  if type(v) ~= "table" or json.is_array(v) and v[1] ~= nil then return false end
  for name, each in pairs(v) do
    if type(name) ~= "string" or type(each) ~= "string" then return false end
  end
  return true
end

local function is(kind, v)
  if kind == "list" then return is_list(v) end
  if kind == "map" then return is_map(v) end
  return type(v) == kind
end

local WORDS = { list = "a list of texts", map = "an object of texts", string = "a text", boolean = "true or false",
                number = "a number" }

local function check_fields(name, given, own)
  for field, value in pairs(given) do
    local kind = COMMON[field] or own[field]
    if not kind then error(("mcp_servers.%s: there is no %s"):format(name, tostring(field)), 0) end
    if not is(kind, value) then error(("mcp_servers.%s.%s must be %s"):format(name, field, WORDS[kind]), 0) end
  end
end

local function seconds(name, field, value, default, most)
  if value == nil then return default end
  if value >= 1 and value <= most then return value end
  error(("mcp_servers.%s.%s must be 1 to %d"):format(name, field, most), 0)
end

local function check_name(name)
  if #name > NAME_MAX or not name:find "^%w[%w_-]*$" or name:find("__", 1, true) or name:sub(-1) == "_" then
    error(("mcp_servers: \"%s\" is no name: letters, digits, - and single _, at most %d"):format(name:sub(1, 60),
      NAME_MAX), 0)
  end
end

local function has_secret(texts)
  for _, text in pairs(texts) do
    if text:find("${", 1, true) then return true end
  end
  return false
end

-- ${secret:NAME} and ${sealed:NAME} are all that is filled in.
local function check_marks(name, field, text)
  local rest = text:gsub("%${secret:[%w_.-]+}", ""):gsub("%${sealed:[%w_.-]+}", "")
  if rest:find("${", 1, true) then
    error(("mcp_servers.%s.%s: what is filled in is ${secret:NAME} and ${sealed:NAME}"):format(name, field), 0)
  end
end

-- A key goes over TLS, or does not leave the machine.
local function check_url(name, server)
  local scheme, host = server.url:match "^(https?)://([^/?#@%s]+)"
  local here = host and host:gsub(":%d+$", "")
  if not scheme then error(("mcp_servers.%s.url must be an http or https address"):format(name), 0) end
  server.holds_secret = has_secret(server.headers) or server.url:find("${", 1, true) ~= nil
  local is_here = here == "localhost" or here == "[::1]" or here:find "^127%.[%d.]+$"
  if server.holds_secret and scheme ~= "https" and not is_here then
    error(("mcp_servers.%s.url must be https, since a secret goes there"):format(name), 0)
  end
end

local function read_http(name, given)
  check_fields(name, given, HTTP)
  local server = { kind = "http", url = given.url, headers = {} }
  for header, value in pairs(given.headers or {}) do server.headers[header:lower()] = value end
  if given.secret then
    if not given.secret:find "^[%w_.-]+$" then
      error(("mcp_servers.%s.secret is the name of a secret"):format(name), 0)
    end
    server.headers.authorization = "Bearer ${secret:" .. given.secret .. "}"
  end
  check_url(name, server)
  return server, { "http", given.url }
end

local function read_stdio(name, given)
  check_fields(name, given, STDIO)
  if not given.command or given.command == "" then
    error(("mcp_servers.%s needs command, or url"):format(name), 0)
  end
  local argv, env = { given.command, unpack(given.args or {}) }, given.env or {}
  for each in pairs(env) do check_marks(name, "env." .. each, env[each]) end
  for _, each in ipairs(argv) do
    if has_secret { each } then
      error(("mcp_servers.%s: a secret belongs in env; others see the arguments of programs"):format(name), 0)
    end
  end
  return { kind = "stdio", argv = argv, env = env, holds_secret = has_secret(env), network = given.network == true,
           read = given.read or {}, write = given.write or {} }, { "stdio", unpack(argv) }
end

local function read(name, given)
  check_name(name)
  if type(given) ~= "table" or json.is_array(given) and given[1] ~= nil then
    error(("mcp_servers.%s must be an object: {command, args, env} or {url, headers}"):format(name), 0)
  end
  local server, identity = (given.url ~= nil and read_http or read_stdio)(name, given)
  server.name = name
  server.timeout_s = seconds(name, "timeout_s", given.timeout_s, TIMEOUT_S, 600)
  server.idle_s = seconds(name, "idle_s", given.idle_s, IDLE_S, 86400)
  -- What was allowed of a server is not allowed of another that takes its name.
  server.identity = crypto.sha256_hex(json.encode(json.array(identity)))
  return not given.disabled and server or nil
end

--- The servers, by name: {name, kind = "stdio", argv, env, network, read, write} or {kind = "http", url, headers,
--- holds_secret}; with timeout_s, idle_s and identity, which is another one for another program or address.
M.servers = {}
--- Their names, sorted.
M.names = {}

local n = 0
for name, given in pairs(config.mcp_servers) do
  n = n + 1
  if n > SERVERS_MAX then error(("mcp_servers: at most %d"):format(SERVERS_MAX), 0) end
  M.servers[name] = read(name, given)
  if M.servers[name] then M.names[#M.names + 1] = name end
end
table.sort(M.names)

return M
