-- scripts/gateway/channel.lua -- what a channel is: the contract of the files in gateway/channels.
-- A file declares one (channel.define) and is loaded because it is there.  What it declares is pure: it reads what came
-- and writes requests; the pipeline talks to the database and the network (channel_hook, channel_in, channel_poll,
-- post).
-- Secrets stay in the host: a channel names them, and the host compares, signs and fills in.

local config = require "human.config"
local crypto = require "human.crypto"

local M = {}

M.MAIN = "main"                                  -- the account that is written below channels.NAME itself
local ACCOUNTS_MAX = 20                          -- limit: channel accounts
local NAME_MAX = 32

local FIELDS = {
  label = "string", settings = "table", signature = "string", headers = "table", get = "boolean", limits = "table",
  verify = "function", read = "function", answer = "function", parse = "function", say = "function", said = "function",
  typing = "function", typing_ms = "number", ack = "function", login = "function", logged_in = "function",
  health = "function", healthy = "function", me = "function", poll = "function", polled = "function",
  webhook = "function", webhook_set = "function", check = "function", file = "function", filed = "function",
  files = "boolean", no_files = "string",
}
local NEEDED = { "label", "settings", "limits", "verify", "parse", "say", "said" }
local UNITS = { utf16 = true, characters = true, bytes = true }

-- Settings that every channel has.
local COMMON = {
  { "enabled", type = "bool", default = true, text = "false: it neither hears nor speaks" },
  { "allow_from", type = "list",
    text = "who may talk: ids, @handles, or the ids of chats; *: everybody; others: gateway/rules/channels.lua" },
  { "groups", enum = { "mention", "all", "off" }, default = "mention",
    text = "what it answers in groups: what is meant for it, everything, or nothing" },
  { "api_base", text = "the address of its API, where it is not the vendor's own" },
}

local known, names, handlers = {}, {}, {}

local function refuse(name, ...) error("channel.define: " .. tostring(name) .. ": " .. string.format(...), 3) end

local function check(name, spec)
  if type(name) ~= "string" or #name > NAME_MAX or not name:find "^%l[%l%d_]*$" then
    refuse(name, "a name is lower-case letters, digits and _, at most %d", NAME_MAX)
  end
  if known[name] then refuse(name, "there is a channel of this name") end
  if type(spec) ~= "table" then refuse(name, "a table is needed") end
  for field, value in pairs(spec) do
    if not FIELDS[field] then refuse(name, "there is no field '%s'", tostring(field)) end
    if type(value) ~= FIELDS[field] then refuse(name, "%s must be a %s", field, FIELDS[field]) end
  end
  for _, field in ipairs(NEEDED) do
    if spec[field] == nil then refuse(name, "it needs %s", field) end
  end
  if type(spec.limits.text) ~= "number" or spec.limits.text < 100 then refuse(name, "limits.text is 100 or more") end
  if not UNITS[spec.limits.unit or "utf16"] then refuse(name, "limits.unit is utf16, characters or bytes") end
end

-- ---- settings ------------------------------------------------------------------------------------------

local function define_one(path, s, text)
  if s.secret then return config.define(path, { type = "text", secret = true, text = text }) end
  local kind = s.type or "text"
  config.define(path, { type = kind, default = s.default, min = s.min, max = s.max, enum = s.enum, text = text })
end

local function define_settings(name, settings)
  local secrets = {}
  for _, s in ipairs(settings) do
    define_one("channels." .. name .. "." .. s[1], s, s.text)
    if s.alias then define_one("channels." .. name .. "." .. s.alias, s, "another name of " .. s[1]) end
    if s.secret then secrets[#secrets + 1], secrets[#secrets + 2] = s[1], s.alias end
  end
  config.define("channels." .. name .. ".accounts", { type = "object", secrets = secrets,
    text = "more accounts: {name: {the settings above}}" })
end

--- Declares a channel while scripts load, as docs/channels.md says; returns what it was given.
function M.define(name, spec)
  check(name, spec)
  local settings = {}
  for _, s in ipairs(spec.settings) do settings[#settings + 1] = s end
  for _, s in ipairs(COMMON) do settings[#settings + 1] = s end
  define_settings(name, settings)
  local c = {}
  for field, value in pairs(spec) do c[field] = value end
  c.name, c.settings = name, settings
  known[name], names[#names + 1] = c, name
  table.sort(names)
  return spec
end

--- Declares, while scripts load, who is asked for `/word ..` and for buttons whose data begins with "word:", once the
--- rule has admitted the sender: fn(tx, message, account, args, item) -> a text to answer, or nil; or nil, the text
--- that the agent is asked instead, and its mode (chat.take).  item: the row of channel_inbox.
function M.on(word, fn)
  if handlers[word] then error("channel.on: somebody is asked for " .. word .. " already", 2) end
  handlers[word] = fn
end

function M.handler(word) return handlers[word] end

--- The channel of this name, or nil.
function M.get(name) return known[name] end

--- All of them, by name.
function M.list()
  local list = {}
  for i, name in ipairs(names) do list[i] = known[name] end
  return list
end

-- ---- accounts -------------------------------------------------------------------------------------------

local function is_set(path) return crypto.secret_hmac_hex(path, "") ~= nil end

local function is_empty(value) return value == nil or value == "" or type(value) == "table" and next(value) == nil end

-- The value of a setting by either of its names; own: what the account itself says.
local function plain(s, own, default)
  local value = own[s[1]]
  if is_empty(value) and s.alias then value = own[s.alias] end
  if value == nil then value = default end
  if value == nil and s.type == "list" then return {} end
  return value
end

local function account_of(c, name, prefix, own)
  local account = { channel = c.name, name = name, has = {}, secrets = {} }
  for _, s in ipairs(c.settings) do
    if s.secret then
      local path = prefix .. s[1]
      if not is_set(path) and s.alias then path = prefix .. s.alias end
      account.has[s[1]], account.secrets[s[1]] = is_set(path) or nil, path
    else
      account[s[1]] = plain(s, own, s.default)
    end
  end
  if (account.api_base or ""):sub(-1) == "/" then account.api_base = account.api_base:sub(1, -2) end
  return account
end

--- The name of a setting that is missing, or nil: the account may work.
function M.missing(c, account)
  for _, s in ipairs(c.settings) do
    if s.required and not account.has[s[1]] and is_empty(account[s[1]]) then
      local path = "channels." .. c.name
      if account.name ~= M.MAIN then path = path .. ".accounts." .. account.name end
      return path .. "." .. s[1]
    end
  end
  return c.check and c.check(account) or nil
end

local function further(c, list)
  local accounts, found = config.channels[c.name].accounts, {}
  for name in pairs(accounts) do found[#found + 1] = name end
  table.sort(found)
  for _, name in ipairs(found) do
    if #list == ACCOUNTS_MAX then break end
    if name:find "^[%w_]+$" and #name <= NAME_MAX and name ~= M.MAIN and type(accounts[name]) == "table" then
      list[#list + 1] = account_of(c, name, ("channels.%s.accounts.%s."):format(c.name, name), accounts[name])
    end
  end
end

--- The accounts of a channel: the main one, unless it is not set and others are, and those of `accounts`.
function M.accounts(c)
  local main, list = account_of(c, M.MAIN, "channels." .. c.name .. ".", config.channels[c.name]), {}
  further(c, list)
  if not list[1] or not M.missing(c, main) then table.insert(list, 1, main) end
  return list
end

--- That there is no such channel, for people.
function M.unknown(name)
  return ("There is no channel %s; there are %s"):format(name, table.concat(names, ", "))
end

--- Why there is nobody to be let in or kept out by an account of a channel; nil: there may be.
function M.absent(name, account_name)
  local c = known[name]
  if not c then return M.unknown(name) end
  for _, account in ipairs(M.accounts(c)) do
    if account.name == account_name then return nil end
  end
  return ("%s has no account %s"):format(c.label, account_name)
end

--- The channel and the account of these names, if both are there and switched on; else nil and why not.
function M.account(name, account_name)
  local c = known[name]
  if not c then return nil, nil, M.unknown(name) end
  for _, account in ipairs(M.accounts(c)) do
    if account.name == (account_name or M.MAIN) then
      if not account.enabled then return nil, nil, c.label .. " is switched off (enabled)" end
      local missing = M.missing(c, account)
      if missing then return nil, nil, ("%s is not set"):format(missing) end
      return c, account
    end
  end
  return nil, nil, ("%s has no account %s"):format(c.label, account_name)
end

-- ---- secrets ---------------------------------------------------------------------------------------------

--- For a URL or a header of a request: the host fills the secret in.
function M.fill(account, setting) return "${secret:" .. account.secrets[setting] .. "}" end

--- Whether a text is that secret; false where it is not set.
function M.equal(account, setting, text) return crypto.secret_equal(account.secrets[setting], text) end

--- HMAC-SHA-256 of data under that secret, as 64 hex digits; nil where it is not set.
function M.hmac(account, setting, data) return crypto.secret_hmac_hex(account.secrets[setting], data) end

--- SHA-256 of `before`, that secret and `after`: 32 bytes; nil where it is not set.
function M.sha256(account, setting, before, after)
  return crypto.secret_sha256(account.secrets[setting], before, after)
end

--- The same with SHA-1, for protocols that require it.
function M.sha1(account, setting, before, after) return crypto.secret_sha1(account.secrets[setting], before, after) end

return M
