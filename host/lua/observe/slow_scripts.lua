-- host/lua/observe/slow_scripts.lua -- counts and logs scripts that run for long without waiting.
-- Meanwhile the worker serves nobody else, so operators want to know which script it was.  An occasional
-- line per label is enough: slow code is usually slow every time.

local host = require "human.core.host"
local log = require "human.log"
local metrics = require "human.metrics"

local M = {}
local QUIET_S = 10
local told = {}                                  -- label -> host.now() of its last line

metrics.describe("human_slow_slices_total", "Times that scripts ran for over limits.script_soft_ms without waiting")

-- label, ref: as in host.mark(); seconds: how long it ran.  No warning for the runtime's own work.
function M.report(label, ref, seconds)
  local what, now = host.label_name(label), host.now()
  metrics.add("human_slow_slices_total", 1, { what = what })
  if told[label] and now - told[label] < QUIET_S then return end
  told[label] = now
  log[label == 0 and "debug" or "warn"]("ran for long without waiting",
    { what = what, which = ref, took_ms = math.floor(seconds * 1000 + 0.5) })
end

return M
