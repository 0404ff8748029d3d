-- host/lua/cli/reload.lua -- `human reload --json`: the verdict of the server, as JSON.  Without --json C prints it.

local host = require "human.core.host"
local json = require "human.json"
local trim_end = require("human.text").trim_end

local M = {}

--- Returns the exit status.
function M.run()
  local text, code = host.native.control "reload"
  io.stdout:write(json.encode_sorted({ reloaded = code == 0, message = trim_end(text) }, { "reloaded" }), "\n")
  return code < 0 and 1 or code
end

return M
