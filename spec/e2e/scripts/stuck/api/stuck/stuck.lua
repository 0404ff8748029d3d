-- spec/e2e/scripts/stuck/api/stuck/stuck.lua -- routes that do not come back, each in its own way.

local api = require "human.api"
local s = require "human.schema"
local sio = require "human.sio"
local state = require "human.state"
local task = require "human.task"
local g = api.group { tag = "Stuck", auth = false, shape = "agent" }

local kept = state.table "kept"

local function route(path, fn, more)
  local spec = { summary = "Stuck: " .. path, reply = { [200] = s.raw "text/plain" } }
  for k, v in pairs(more or {}) do spec[k] = v end
  g:get(path, spec, function(ctx) return 200, fn(ctx) or "done" end)
end

route("/quick", function() end)
-- What interrupts it is caught, with or without a compiler.
local function count() for _ = 1, 1e7 do end end -- luacheck: ignore 542
local function stay_for_ever() while true do pcall(count) end end

-- What has been compiled before a hook is set does not look for one.
route("/stuck/compiled", function()
  local n = 0
  while true do n = n + 1 end
end)
-- Waiting in between, so that the step which spins is one that was resumed.
route("/stuck/later", function()
  task.sleep(0.05)
  while true do end -- luacheck: ignore 542
end)
route("/stuck/third", stay_for_ever)
route("/stuck/caught", stay_for_ever)
-- A call of string.format with a table argument that is not compiled, in an interpreted loop.
route("/stuck/interpreted", function()
  local t = setmetatable({}, { __tostring = function() return "x" end })
  while true do
    for _, v in ipairs { tostring(t), ("x"):reverse():upper() } do t.last = v end
  end
end)
route("/stuck/pcall", function()
  while true do pcall(error, "again") end
end)
-- 1.5 s of a processor, however long it takes to get them.
route("/stuck/starved", function()
  local till = os.clock() + 1.5
  while os.clock() < till do end -- luacheck: ignore 542
end)
route("/stuck/forever", function()
  while true do pcall(task.sleep, 0.2) end
end, { timeout_s = 1 })
route("/stuck/deadline", function() task.sleep(60) end)
route("/stuck/awaits", function()
  for _ = 1, 10000 do task.sleep(0) end
end)
route("/stuck/awaits/caught", function()
  while true do pcall(task.sleep, 0) end
end)
route("/stuck/spawns", function()
  for _ = 1, 10000 do task.spawn(task.sleep, 0.5) end
end)
-- Tasks that outlive their request.
route("/stuck/spawns/held", function()
  for _ = 1, 50 do task.spawn(task.sleep, 4) end
end)
route("/stuck/slow", function()
  local t, n = os.clock(), 0
  while os.clock() - t < 0.15 do n = n + 1 end
end)
route("/stuck/memory", function()
  local all = {}
  for i = 1, 1e6 do all[i] = ("x"):rep(100000) .. i end
  return all[1]
end)
-- Keeps what it is given: 1 MB with each request.
route("/stuck/leak", function() kept[state.size "kept" + 1] = ("%8d"):format(state.size "kept"):rep(131072) end)
-- A request that is under way for a while.
route("/stuck/wait", function() task.sleep(1) end)
route("/stuck/wait/long", function() task.sleep(4) end)

local io = sio.server { path = "/stuck.io/" }
io:namespace("/", { on = {
  spin = stay_for_ever,
  echo = function(_, value, ack) ack(value) end,
} })

return g
