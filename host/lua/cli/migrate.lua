-- host/lua/cli/migrate.lua -- `human migrate`: brings the database's schema up to date, and says how many migrations
-- that took.

local json = require "human.json"
local migrate = require "human.pg.migrate"

local M = {}

local function as_json(n, why)
  io.stdout:write(json.encode_sorted({ applied = n, error = why }, { "applied" }), "\n")
  return why and 1 or 0
end

--- Returns the exit status.
function M.run(args)
  local wants_json = args[1] == "--json"
  if wants_json then
    local ok, n = pcall(migrate.run)
    return as_json(ok and n or nil, not ok and tostring(n) or nil)
  end
  local n = migrate.run()
  io.stdout:write(n == 0 and "The database is up to date.\n" or ("Applied %d migrations.\n"):format(n))
  return 0
end

return M
