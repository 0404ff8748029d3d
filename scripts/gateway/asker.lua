-- scripts/gateway/asker.lua -- who asked for a run: the operator, or somebody in a chat, who may talk with the agent
-- but may not have what is the operator's, or an event of the marketplace, in which others may have put their words.
-- A part that is handed on keeps the asker of the whole.

local config = require "human.config"
local json = require "human.json"
local limits = require "gateway.rules.limits"
local channel = require "gateway.channel"
local rules = require "gateway.rules.tools"

local M = {}

M.sql = {
  first = [[select channel, account, person from channel_people where state = 'allowed'
    order by decided_at, channel, account, person limit 1]],
  person = "select state from channel_people where channel = $1 and account = $2 and person = $3",
  item = "select channel, account, message from channel_inbox where id = $1",
  parent = "select r.cause from gateway_calls c join gateway_runs r on r.id = c.run_id where c.id = $1",
}

local OPERATOR, MARKET, USER = { kind = "operator" }, { kind = "market" }, { kind = "user" }
local GONE = { kind = "guest", name = "", group = false, channel = "" } -- nobody knows any more

local function has(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then return true end
  end
  return false
end

--- What the rules may know of who wrote a message of a channel (gateway.rules.tools, may_approve).  A group that
--- speaks as itself is nobody: whoever of it wrote that is not told.
function M.facts(q, message, account)
  local named, who = config.gateway.approvers, message.from.id
  if message.from.is_chat then return { role = "sender", group = message.group, any_named = named[1] ~= nil } end
  local person, first = q:row(M.sql.person, account.channel, account.name, who), q:row(M.sql.first)
  return {
    role = "sender", group = message.group,
    any_named = named[1] ~= nil, named = has(named, account.channel .. ":" .. who),
    listed = has(account.allow_from, who), paired = person ~= nil and person.state == "allowed",
    first = first ~= nil and first.channel == account.channel and first.account == account.name and first.person == who,
  }
end

--- What a run was asked for by in the end, through whatever it was given on by (nil: a client); and false when that is
--- not known any more. q: a transaction or human.db.
function M.first_cause(q, cause)
  for _ = 0, limits.spawn_depth + 1 do
    local call_id = cause and cause:match "^call:(.*)$"
    if not call_id then return cause, true end
    local row = q:row(M.sql.parent, call_id)
    if not row then break end
    cause = row.cause
  end
  return nil, false
end

--- Who asked for a run, in tx: {kind = "operator"}; "market": an event of the marketplace (cause "market:..");
--- "user": the same, for an agent that is not the operator's; or of a chat {kind = "owner" (who may approve what the
--- agent does) or "guest", id, name, group, channel (its label)}.
function M.of(tx, run)
  if run.is_foreign then return USER end
  local cause, is_known = M.first_cause(tx, run.cause)
  if cause and cause:find "^market:" then return MARKET end
  local item_id = cause and cause:match "^channel:(.*)$"
  if is_known and not item_id then return OPERATOR end
  local item = item_id and tx:row(M.sql.item, item_id)
  if not item then return GONE end
  local message = json.decode(item.message)
  local c, account = channel.account(item.channel, item.account)
  local from = message.from or {}
  local is_owner = account ~= nil and rules.may_approve(M.facts(tx, message, account))
  return { kind = is_owner and "owner" or "guest", id = item.channel .. ":" .. (from.id or ""),
           name = from.name or from.handle or from.id or "",
           group = message.group == true, channel = c and c.label or item.channel }
end

return M
