-- spec/support/channel_files.lua -- a channel's file by itself, and whatever strangers may send it.

local crypto = require "human.crypto"
local json = require "human.json"

local M = {}

--- What the file declares.  secrets: {[setting] = value}, for signatures.
function M.load(name, secrets)
  local defined
  local kept = package.loaded["gateway.channel"]
  package.loaded["gateway.channel"] = {
    define = function(_, spec)
      defined = spec
      return spec
    end,
    fill = function(account, setting) return ("${secret:channels.%s.%s}"):format(account.channel, setting) end,
    hmac = function(_, setting, data) return secrets[setting] and crypto.hmac_sha256_hex(secrets[setting], data) end,
  }
  package.loaded["gateway.channels." .. name] = nil
  require("gateway.channels." .. name)
  package.loaded["gateway.channel"] = kept
  return defined
end

--- An account with these plain settings and these secrets.
function M.account(channel, settings, secrets)
  local account = { channel = channel, name = "main", has = {} }
  for name, value in pairs(settings) do account[name] = value end
  for _, name in ipairs(secrets) do account.has[name] = true end
  return account
end

local function nested(depth)
  local value = {}
  for _ = 1, depth do value = { value, options = value, components = value, d = value } end
  return value
end

local ODD = { json.null, true, false, 0, -1, 1.5, 1e308, 0 / 0, "", "\0", "\255\254", ("x"):rep(200000), {}, { {} }, { 1, "a" },
              "<@!" .. ("9"):rep(5000), ("<"):rep(50000), ("<@"):rep(30000), ("&"):rep(50000), "../../etc", "${secret:admin}" }

local function places(value, list, path)
  for key, inner in pairs(value) do
    local here = { unpack(path) }
    here[#here + 1] = key
    list[#list + 1] = here
    if type(inner) == "table" then places(inner, list, here) end
  end
  return list
end

--- Calls fn with copies of a body: each of its fields in turn missing, and each odd value in its place; and with no body.
function M.torment(body, fn)
  local text = json.encode(body)
  local function with(path, value)
    local copy = json.decode(text)
    local at = copy
    for i = 1, #path - 1 do at = at[path[i]] end
    at[path[#path]] = value
    fn(copy)
  end
  for _, path in ipairs(places(body, {}, {})) do
    with(path, nil)
    for _, odd in ipairs(ODD) do with(path, odd) end
    with(path, nested(60))
  end
  for _, odd in ipairs(ODD) do fn(odd) end
end

return M
