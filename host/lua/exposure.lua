-- host/lua/exposure.lua -- who can reach this server and manage it, as `human doctor` judges it.

local doctor = require "human.cli.doctor_machine"
local host = require "human.core.host"

local M = {}

--- What `human doctor` says of it, from the settings alone: {{level ("ok", "warn", "fail"), name, text, fix}, ..}.
function M.findings()
  local report = doctor.report(function() end, host.conf())
  doctor.management(report)
  return report.findings
end

return M
