-- scripts/marketplace/operator.lua -- whose gateway this is, as an actor of the marketplace (marketplace.operator).

local config = require "human.config"
local db = require "human.db"
local actors = require "marketplace.actors"

local M = {}

local UUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

M.ACTORS = 200                                   -- limit: market actors shown

--- Whether a text is an id of the marketplace.
function M.is_id(text) return text:find(UUID) ~= nil end

--- Whether the gateway has been told who its person is there.
function M.is_set() return M.is_id(config.marketplace.operator) end

--- That actor, as marketplace.actors has it; nil: there is none.  q: a transaction or human.db.
function M.operator(q)
  if not M.is_set() then return nil end
  if q == db then return db.row(actors.sql.get, config.marketplace.operator) end
  return q:row(actors.sql.get, config.marketplace.operator)
end

return M
