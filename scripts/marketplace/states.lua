-- scripts/marketplace/states.lua -- moves bids, transactions and milestones along the edges of rules/states.lua.

local fail = require "human.fail"
local history = require "marketplace.history"
local news = require "marketplace.news"
local rules = require "marketplace.rules.states"

local M = {}

--- Refuses because of the state that something is in.
function M.refuse(state) fail.throw("invalid_state", { status = state }) end

--- Where an event moves a row that is locked; fails with forbidden, not_your_turn or invalid_state (with its status).
--- by: "owner", "bidder", "receiver", "sender", "buyer", "seller", "platform"; facts: what guards ask for.
function M.next(machine, row, event, by, facts)
  local ask = { machine = machine, from = row.state, event = event, by = by }
  for name, value in pairs(facts or {}) do ask[name] = value end
  local verdict = rules.next(ask)
  if verdict.to then return verdict.to end
  if verdict.refusal == "invalid_state" then M.refuse(row.state) end
  fail.throw(verdict.refusal)
end

--- Writes down in tx that a row has moved, and tells whom it concerns.
--- move: {entity, id, from, to, actor_id, cause, event = "bid.accepted", to_actors, data, public}.
function M.moved(tx, move)
  history.note(tx, { entity = move.entity, id = move.id, from = move.from, to = move.to, actor_id = move.actor_id,
                     cause = move.cause })
  if move.event then
    news.put(tx, { name = move.event, about = move.about or move.id, to = move.to_actors, data = move.data,
                   public = move.public })
  end
end

return M
