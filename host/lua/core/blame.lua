-- host/lua/core/blame.lua -- the line of the script that called the runtime, for errors about that call.
-- Compiled-in chunks are named by their path in this tree (embed_gen.lua), scripts by theirs in the bundle.

local M = {}
local LEVELS = 20

local function is_script(source)
  return source:sub(1, 1) == "@" and not source:find("^@host/lua/") and not source:find("^@rocks/")
end

--- "api/x.lua:12: " of the nearest script, or "" when none is known: a tail call leaves no trace.
function M.place()
  for level = 3, LEVELS do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    if is_script(info.source) then return info.short_src .. ":" .. info.currentline .. ": " end
  end
  return ""
end

--- Raises `message` with that line in front.
function M.refuse(message)
  local place = M.place()
  error(place .. message, 0)
end

return M
