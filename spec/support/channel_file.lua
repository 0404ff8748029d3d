-- spec/support/channel_file.lua -- a file of gateway/channels in a spec, without settings and a pipeline.
--
--   local line, account = channel_file.load("line", { channel_secret = "line-secret" })   -- secrets
--   local line, account = channel_file.load("lark", { encrypt_key = "k" }, { app_id = "a" }) -- and plain settings

local crypto = require "human.crypto"
local json = require "human.json"

local M = {}

local function stub(secrets, found)
  return {
    MAIN = "main",
    define = function(name, spec) found.name, found.spec = name, spec end,
    fill = function(_, setting) return "${secret:" .. setting .. "}" end,
    equal = function(_, setting, text) return secrets[setting] == text end,
    hmac = function(_, setting, data) return secrets[setting] and crypto.hmac_sha256_hex(secrets[setting], data) end,
    sha256 = function(_, setting, before, after)
      return secrets[setting] and crypto.sha256((before or "") .. secrets[setting] .. (after or "")) or nil
    end,
    sha1 = function(_, setting, before, after)
      return secrets[setting] and crypto.sha1((before or "") .. secrets[setting] .. (after or "")) or nil
    end,
  }
end

--- What the file declares, and an account with these secrets and settings.
function M.load(name, secrets, plain)
  local found, real = {}, package.loaded["gateway.channel"]
  package.loaded["gateway.channel"], package.loaded["gateway.channels." .. name] = stub(secrets, found), nil
  require("gateway.channels." .. name)
  package.loaded["gateway.channel"], package.loaded["gateway.channels." .. name] = real, nil
  local account = { channel = name, name = "main", has = {} }
  for _, s in ipairs(found.spec.settings) do
    if s.secret then account.has[s[1]] = secrets[s[1]] and true or nil else account[s[1]] = s.default or "" end
  end
  for key, value in pairs(plain or {}) do account[key] = value end
  return found.spec, account
end

--- A request of a webhook.
function M.request(body, headers, query)
  return { method = body and "POST" or "GET", body = body or "", headers = headers or {}, query = query or {}, now_s = 17e8 }
end

--- A vendor's answer; value: of its JSON.
function M.answer(status, value, headers)
  return { status = status, headers = headers or {}, body = value and json.encode(value) or "", json = value }
end

local ODD = { json.null, true, 7, -1e300, 1 / 0, "", "x\0y\255", {}, { {} }, { a = 1 }, { json.null }, ("x"):rep(1000) }

-- Every value of a tree, one after the other, replaced by every odd one.
local function spoil(tree, try, root)
  local keys = {}
  for key in pairs(tree) do keys[#keys + 1] = key end
  for _, key in ipairs(keys) do
    local was = tree[key]
    for _, odd in ipairs(ODD) do
      tree[key] = odd
      try(root)
    end
    tree[key] = nil
    try(root)
    tree[key] = was
    if type(was) == "table" then spoil(was, try, root) end
  end
end

--- Calls fn with a body in which every value was replaced by every odd one, one at a time.
function M.each_spoiled(text, fn)
  local tree = json.decode(text)
  fn(tree)
  spoil(tree, fn, tree)
  for _, odd in ipairs(ODD) do fn(odd) end
end

return M
