-- host/lua/console.lua -- words for the person who started the server at a terminal.
-- Not the log: nothing is masked, nothing is kept, and without a terminal nothing is written, so that
-- a first key is seen by who runs `make run` and never lands in a journal.

local M = {}

--- True when somebody is there to read.
function M.wanted() return os.getenv "HUMAN_HINTS" ~= nil end

--- Prints lines (an array of strings) on standard output when somebody is there to read them.
function M.show(lines)
  if not M.wanted() then return end
  io.stdout:write(table.concat(lines, "\n"), "\n")
  io.stdout:flush()
end

return M
