-- host/lua/console.lua -- output for the person who started the server at a terminal.
-- Not the log: nothing is masked, nothing is kept, and without a terminal nothing is written.  So the person who
-- runs `make run` sees the first key, and it never ends up in a journal.

local M = {}

--- True when standard output is a terminal.
function M.wanted() return os.getenv "HUMAN_HINTS" ~= nil end

--- Prints lines (an array of strings) on standard output, if it is a terminal.
function M.show(lines)
  if not M.wanted() then return end
  io.stdout:write(table.concat(lines, "\n"), "\n")
  io.stdout:flush()
end

return M
