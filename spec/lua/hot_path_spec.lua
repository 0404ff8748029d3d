-- spec/lua/hot_path_spec.lua -- what runs for each request can be compiled.
-- LuaJIT gives up a trace at a function that makes closures (bytecode FNEW, or UCLO when it returns), each time until it
-- lists it as not worth trying.  Which of the others it tries, and when, is for it to choose, so no trace is counted.

local fake_host = require "fake_host"
local util = require "jit.util"

local FNEW, UCLO = 51, 50
local REQUESTS = 10                              -- what runs in each of them is no matter of chance, as a report is

local SCRIPT = [[
local api, s = require "human.api", require "human.schema"
local g = api.group { tag = "Hot", base = "/hot", auth = false, shape = "agent" }
g:post("/json", {
  summary = "Validate a body and answer it",
  body = s.object { id = s.string { max = 9 }, price = s.int { min = 1 }, tags = s.array(s.string), on = s.bool },
  reply = { [200] = s.object { id = s.string, price = s.int, tags = s.array(s.string), on = s.bool } },
}, function(_, body) return 200, body end)
g:get("/rows/{id}", {
  summary = "Read a parameter", params = s.object { id = s.int { min = 1 } }, query = { q = s.string:optional() },
  reply = { [200] = s.object { id = s.int } },
}, function(ctx) return 200, { id = ctx.params.id } end)
return {}
]]

-- Whether a function has an instruction that no trace contains.
local function makes_closures(fn)
  local info = util.funcinfo(fn)
  for pc = 1, (info.bytecodes or 1) - 1 do
    local op = bit.band(util.funcbc(fn, pc), 255)
    if op == FNEW or op == UCLO then return true end
  end
  return false
end

-- The functions of the runtime that run during fn(), those of specs left out: place -> function.
local function functions_of(fn)
  local seen = {}
  debug.sethook(function()
    local f = debug.getinfo(2, "Sf")
    if f.what == "Lua" and not f.source:find "spec" and not f.source:find "api/" then
      seen[f.short_src .. ":" .. f.linedefined] = f.func
    end
  end, "c")
  local ok, err = pcall(fn)
  debug.sethook()
  assert(ok, err)
  return seen
end

describe("the hot path", function()
  local app

  setup(function()
    app = fake_host.start()
    app:load { ["api/hot.lua"] = SCRIPT }
  end)
  teardown(function() app:stop() end)

  local BODY = '{"id":"a","price":3,"tags":["x","y"],"on":true}'
  local requests = {
    ["a validated JSON body"] = { method = "POST", path = "/hot/json", json = BODY },
    ["path parameters"] = { path = "/hot/rows/12" },
  }

  for name, what in pairs(requests) do
    local function request() return app:send(what) end

    it("makes no closure for " .. name, function()
      assert.equal(200, app:answer(request()).status) -- what is made once is made now
      local functions, found, n = functions_of(request), {}, 0
      for _ = 2, REQUESTS do
        local again = functions_of(request)
        for place in pairs(functions) do functions[place] = again[place] end
      end
      for place, fn in pairs(functions) do
        n = n + 1
        if makes_closures(fn) then found[#found + 1] = place end
      end
      assert.is_true(n > 20)
      table.sort(found)
      assert.same({}, found)
    end)
  end
end)
