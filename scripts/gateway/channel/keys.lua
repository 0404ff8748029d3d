-- scripts/gateway/channel/keys.lua -- which session a message of a channel belongs to (session.dm_scope).
-- Everybody in a session reads what was said in it. So only people who may approve the agent's actions
-- (gateway.asker) are ever in the operator's own, and two ids on different channels are one person only if the
-- settings say so.

local config = require "human.config"
local asker = require "gateway.asker"
local rules = require "gateway.rules.tools"

local M = {}

local AGENT, OPERATORS = "main", "default"

-- The name that the settings give to somebody's accounts, or nil.
local function linked(item)
  local mine = item.channel .. ":" .. item.person
  for name, list in pairs(config.session.identity_links) do
    for _, one in ipairs(type(list) == "table" and list or {}) do
      if one == mine then return name end
    end
  end
  return nil
end

local function key_of(item, parts)
  if item.message.thread then
    parts[#parts + 1] = "thread"
    parts[#parts + 1] = item.message.thread
  end
  return "agent:" .. AGENT .. ":" .. table.concat(parts, ":")
end

local function of_group(item)
  local parts = { item.channel }
  if item.account ~= "main" then parts[2] = item.account end
  parts[#parts + 1] = "group"
  parts[#parts + 1] = item.message.chat
  return key_of(item, parts)
end

local function is_owner(tx, item, account)
  return rules.may_approve(asker.facts(tx, item.message, account))
end

--- The key of the session that a message belongs to.  account: of the channel (gateway.channel).
function M.of(tx, item, account)
  if item.message.group then return of_group(item) end
  local scope = config.session.dm_scope
  if scope == "main" and is_owner(tx, item, account) then return OPERATORS end
  local name = linked(item)
  if scope == "per_peer" and name then return key_of(item, { "direct", name }) end
  local parts = { item.channel }
  if scope == "per_account_channel_peer" then parts[2] = item.account end
  parts[#parts + 1] = "direct"
  parts[#parts + 1] = name or item.person
  return key_of(item, parts)
end

return M
