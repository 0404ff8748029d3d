-- spec/e2e/scripts/programs/api/programs/programs.lua -- programs that an end-to-end spec holds, counts and kills.

local api = require "human.api"
local exec = require "human.exec"
local s = require "human.schema"

local M = {}
local g = api.group { tag = "Programs", base = "/programs", auth = false }
local NOTE = "read n rest < /proc/self/stat; echo $n >> "
local Ended = s.object { code = s.string:optional(), status = s.int:optional(), signal = s.int:optional(), stdout = s.string:optional() }

local function answer(r, err)
  if not r then return 200, { code = err.code } end
  return 200, { status = r.status, signal = r.signal, stdout = r.stdout }
end

-- A family that notes its numbers: a deaf one, one in a session of its own, one who left by a double fork.
local function family(file)
  local note = NOTE .. file
  return "trap '' TERM; " .. note .. "; (setsid sh -c 'trap \"\" TERM; " .. note .. "; exec sleep 1000' &); setsid sh -c '" .. note
    .. "; exec sleep 1000' & sleep 1000; sleep 1000"
end

g:get("/hold/{file}", { summary = "Hold a family", params = { file = s.id }, timeout_s = 600, reply = { [200] = Ended } },
  function(ctx) return answer(exec.run({ "sh", "-c", family(ctx.params.file) }, { timeout_s = 600, grace_s = 0.2 })) end)

g:get("/quick", { summary = "Run a short one", reply = { [200] = Ended } },
  function() return answer(exec.run({ "sh", "-c", "echo ran; exec env -u PWD" }, { timeout_s = 20 })) end)

g:get("/wait/{file}", { summary = "End when a file is there", params = { file = s.id }, timeout_s = 60, reply = { [200] = Ended } },
  function(ctx)
    local file = ctx.params.file
    return answer(exec.run({ "sh", "-c", NOTE .. file .. "; until [ -e go ]; do sleep 0.01; done; echo went" }, { timeout_s = 50 }))
  end)

return M
