-- host/lua/core/shuffle.lua -- shuffles the completions of one turn, for tests.
-- The order in which ops of one turn complete is accidental, so nothing may
-- depend on it.  With HUMAN_TEST_MODE=shuffle the DONE events of a turn are permuted, by a generator
-- seeded with HUMAN_TEST_SEED: the same seed and the same events give the same order.  All other events stay
-- in place, and so does the DONE of an op that has chunks in the same turn, since it must follow them.

local M = {}
local MODULUS, MULTIPLIER = 2147483647, 16807    -- Lehmer's generator; products fit into a double

-- The seed in the environment, or nil if nothing is to be shuffled.
function M.seed()
  if os.getenv "HUMAN_TEST_MODE" ~= "shuffle" then return nil end
  return tonumber(os.getenv "HUMAN_TEST_SEED") or 1
end

-- A function n -> integer from 1 to n.
local function generator(seed)
  local state = math.floor(seed) % (MODULUS - 1) + 1
  return function(n)
    state = state * MULTIPLIER % MODULUS
    return state % n + 1
  end
end

-- The indexes in `batch` of events that may change places.
local function movable(batch, n, EV)
  local chunked, places = {}, {}
  for i = 1, n do
    if batch[i][1] == EV.CHUNK then chunked[batch[i][3]] = true end
  end
  for i = 1, n do
    if batch[i][1] == EV.DONE and not chunked[batch[i][3]] then places[#places + 1] = i end
  end
  return places
end

-- next_event: host.next.  Returns a function that returns the same events in another order: it takes all
-- that are queued, shuffles them, and takes more when those are used up.
function M.wrap(next_event, EV, seed)
  local random, batch, n, at = generator(seed), {}, 0, 0
  local function refill()
    n, at = 0, 0
    local kind, status, id, owner, data = next_event()
    while kind do
      n = n + 1
      batch[n] = { kind, status, id, owner, data }
      kind, status, id, owner, data = next_event()
    end
    local places = movable(batch, n, EV)
    for i = #places, 2, -1 do
      local a, b = places[i], places[random(i)]
      batch[a], batch[b] = batch[b], batch[a]
    end
  end
  return function()
    if at == n then refill() end
    if at == n then return nil end
    at = at + 1
    local e = batch[at]
    batch[at] = false
    return e[1], e[2], e[3], e[4], e[5]
  end
end

-- Inserts itself between the host and the scheduler, which must not be loaded yet.
function M.install(host)
  local seed = M.seed()
  if seed then host.next = M.wrap(host.next, host.EV, seed) end
end

return M
