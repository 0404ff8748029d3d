-- host/lua/cli/approvals.lua -- `human approvals`: calls of tools that wait for somebody to permit them.
-- A permission is for the arguments that are shown: what is listed here is what is sent back (argumentsHash).

local cli = require "human.cli.words"
local json = require "human.json"
local remote = require "human.cli.remote"

local M = {}
local MATCH_MIN = 4                              -- characters of an id that may stand for it

local function lines_of(one)
  local lines = {
    ("%s  %s, risk %s, session %s"):format(one.id, one.tool, one.risk, one.sessionKey),
    ("  asked %s; denied if nobody answers by %s"):format(remote.when(one.createdAtMs / 1000),
      remote.when(one.expiresAtMs / 1000)),
    "  because " .. one.why,
    "  arguments " .. remote.visible(json.encode_sorted(one.arguments)),
  }
  if one.alwaysCovers then lines[#lines + 1] = "  --always covers " .. remote.visible(one.alwaysCovers) end
  if one.prefixCovers then lines[#lines + 1] = "  --prefix covers " .. remote.visible(one.prefixCovers) end
  return lines
end

local function list(o)
  local value = remote.call "exec.approval.list"
  return remote.show(value, o, function()
    local out = {}
    for _, one in ipairs(value.approvals) do
      for _, line in ipairs(lines_of(one)) do out[#out + 1] = line end
    end
    return out[1] and out or { "Nothing waits for a permission." }
  end)
end

-- The one that is meant, by its id or by how that ends or begins.
local function find(id)
  local found = {}
  for _, one in ipairs(remote.call("exec.approval.list").approvals) do
    if one.id == id then return one end
    local fits = #id >= MATCH_MIN and (one.id:sub(1, #id) == id or one.id:sub(-#id) == id)
    if fits then found[#found + 1] = one end
  end
  if #found == 1 then return found[1] end
  cli.stop(#found == 0 and ("no call with the id %s waits; `human approvals` lists those that do"):format(id)
    or ("the ids of several calls begin or end with %s: give more of it"):format(id))
end

local SAID = { ["allow-once"] = "Allowed, this once.", ["allow-always"] = "Allowed, now and for good.",
               deny = "Denied." }

local function resolve(o, id, decision)
  local one = find(id)
  if decision == "allow-always" and not one.allowsAlways then
    cli.stop "this call cannot be allowed for good; without --always it is allowed this once"
  end
  local done = remote.call("exec.approval.resolve",
    { id = one.id, decision = decision, argumentsHash = one.argumentsHash })
  if not o.json and not done.resolved then cli.stop("somebody else has decided already: " .. done.decision) end
  return remote.show(done, o, SAID[done.decision] or done.decision)
end

local function allow(o, id)
  if o.always and o.prefix then cli.misused("approvals", "--always or --prefix, not both") end
  return resolve(o, id, o.prefix and "allow-prefix" or o.always and "allow-always" or "allow-once")
end

local function deny(o, id)
  if o.always then cli.misused("approvals", "--always goes with allow") end
  if o.prefix then cli.misused("approvals", "--prefix goes with allow") end
  return resolve(o, id, "deny")
end

M.run = remote.command("approvals", { ["--always"] = true, ["--prefix"] = true }, {
  list = { run = list }, allow = { words = { "ID" }, run = allow }, deny = { words = { "ID" }, run = deny },
}, "list", { see = "approvals" })

return M
