-- scripts/gateway/secrets.lua -- secrets as an operator may know them: their names, whether each is set, where from,
-- and what uses it. A value goes in and never comes out: the host keeps it (gateway.settings), and no script reads it.

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local json = require "human.json"
local settings = require "gateway.settings"

local M = {}

M.sql = {
  note = [[insert into gateway_secrets (name, is_set, changed_at, changed_by) values ($1, $2::boolean, human_now(), $3)
    on conflict (name) do update set is_set = excluded.is_set, changed_at = excluded.changed_at,
      changed_by = excluded.changed_by]],
  list = "select name, is_set, changed_at, changed_by from gateway_secrets order by name limit 500",
}

-- What uses a secret, from its name: a channel, a provider of models, or the part of the server.
local function user_of(name)
  local channel = name:match "^channels%.([%w_]+)%."
  if channel then return "channel", channel end
  local provider = name:match "^secrets%.([%w_]+)$"
  if provider then return "provider", provider end
  return "setting", (name:match "^[^.]+")
end

local function entry(name, about, source)
  local kind, used_by = user_of(name)
  return { name = name, about = about, kind = kind, used_by = used_by, source = source,
           is_set = crypto.secret_hmac_hex(name:gsub("^secrets%.", ""), "") ~= nil }
end

local function noted(list)
  local by_name = {}
  for _, row in ipairs(db.query(M.sql.list)) do by_name[row.name] = row end
  for _, one in ipairs(list) do
    local row = by_name[one.name]
    if row then one.changed_at, one.changed_by, one.waits = row.changed_at, row.changed_by, row.is_set ~= one.is_set end
  end
  return list
end

--- All of them, by name: {name, about, kind, used_by, is_set, source, changed_at, changed_by, waits (true: what was
--- changed counts when the server starts again)}.  The last three are known of those that were set or removed here.
function M.list()
  local list, sources = json.array {}, {}
  for _, def in ipairs(config.defined()) do sources[def.name] = def.source end
  for name, property in pairs(settings.schema().properties) do
    if property.writeOnly then list[#list + 1] = entry(name, property.description or "", sources[name]) end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return noted(list)
end

local function is_known(name)
  local property = settings.schema().properties[name]
  return property ~= nil and property.writeOnly == true
end

--- Sets one, or removes it (value nil). by: who says so. {hash, restart_required}; nil: there is none of this name.
function M.change(name, value, by)
  if not is_known(name) then return nil end
  local done = settings.set({ [name] = value == nil and json.null or value })
  db.exec(M.sql.note, name, value ~= nil, by)
  return done
end

return M
