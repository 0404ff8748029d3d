-- spec/lua/shuffle_spec.lua -- shuffles the completions of one turn, and nothing else.

local shuffle = require "human.core.shuffle"

local EV = { DONE = 2, CHUNK = 3, TIMER = 10 }

-- Events "kind status id" of turns, as one text after a shuffle: turns are separated by "|".
local function told(seed, turns)
  local queue, out = {}, {}
  local next_event = shuffle.wrap(function()
    local e = table.remove(queue, 1)
    if e then return e[1], e[2], e[3], 0, e[4] or "" end
  end, EV, seed)
  for _, turn in ipairs(turns) do
    for _, e in ipairs(turn) do queue[#queue + 1] = e end
    local kind, _, id = next_event()
    while kind do
      out[#out + 1] = (kind == EV.DONE and "d" or kind == EV.CHUNK and "c" or "t") .. id
      kind, _, id = next_event()
    end
    out[#out + 1] = "|"
  end
  return table.concat(out, " ")
end

local function done(from, to)
  local turn = {}
  for id = from, to do turn[#turn + 1] = { EV.DONE, 0, id } end
  return turn
end

local function sorted(text)
  local words = {}
  for word in text:gmatch "%S+" do words[#words + 1] = word end
  table.sort(words)
  return table.concat(words, " ")
end

describe("a shuffled turn", function()
  it("has the same events, in another order, which the seed decides", function()
    local plain = "d1 d2 d3 d4 d5 d6 d7 d8 |"
    local one, again, other = told(1, { done(1, 8) }), told(1, { done(1, 8) }), told(2, { done(1, 8) })
    assert.equal(one, again)
    assert.not_equal(plain, one)
    assert.not_equal(one, other)
    assert.equal(sorted(plain), sorted(one))
  end)

  it("takes nothing over from one turn to the next", function()
    for seed = 1, 20 do
      local first, second = told(seed, { done(1, 4), done(5, 8) }):match "^(.-) | (.-) |$"
      assert.equal("d1 d2 d3 d4", sorted(first))
      assert.equal("d5 d6 d7 d8", sorted(second))
    end
  end)

  it("leaves other events where they are, and a DONE behind its chunks", function()
    local turn = { { EV.DONE, 0, 1 }, { EV.TIMER, 0, 0 }, { EV.CHUNK, 0, 2 }, { EV.DONE, 0, 2 }, { EV.DONE, 0, 3 } }
    local seen = {}
    for seed = 1, 20 do seen[told(seed, { turn })] = true end
    assert.same({ ["d1 t0 c2 d2 d3 |"] = true, ["d3 t0 c2 d2 d1 |"] = true }, seen)
  end)
end)
