-- spec/support/cost.lua -- how long work takes, by the CPU time of this process.

local M = {}

local RUNS = 4

--- How many times as long a program may take that looks at each of its steps.
M.SLOWER = (os.getenv "ASAN_OPTIONS" or "") ~= "" and 5 or 1

--- Whether fn() takes less than limit_s seconds (SLOWER times as long), and how long it took.  A run that takes
--- longer is repeated: a busy machine, and a compiler that is at work, make one run longer and never shorter.
function M.within(limit_s, fn)
  local least = math.huge
  for _ = 1, RUNS do
    local from = os.clock()
    fn()
    least = math.min(least, os.clock() - from)
    if least < limit_s * M.SLOWER then break end
  end
  return least < limit_s * M.SLOWER, least
end

return M
