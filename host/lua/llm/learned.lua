-- host/lua/llm/learned.lua -- what calls have taught about a model at a server.
-- Kept as long as a generation of scripts is in service: a reload forgets it, and each worker learns only from
-- its own calls.  No answer depends on it; it saves a refused first try.

local gen = require "human.scripts.generation"

local M = {}

local MAX_MODELS = 256

-- without {[field] = true}: fields that it refuses.           window: tokens that it said it can take.
-- ratio: tokens that it counts per estimated token.           room: multiple of max_tokens that it needs to think.
local function nothing() return { without = {}, ratio = 1, room = 1 } end

--- What is known of a model: a table to read and write.
function M.of(provider, base_url, model)
  local g = gen.current()
  if not g then return nothing() end
  local known = g.llm_learned
  if not known or known.n >= MAX_MODELS then
    known = { n = 0, of = {} }
    g.llm_learned = known
  end
  local key = provider .. " " .. (base_url or "") .. " " .. model
  if not known.of[key] then known.n, known.of[key] = known.n + 1, nothing() end
  return known.of[key]
end

return M
