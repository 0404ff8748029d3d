-- host/lua/cli/marketplace.lua -- the marketplace's scripts for a command that goes to the database itself.

local cli = require "human.cli.words"
local database = require "human.cli.database"
local db = require "human.db"
local gen = require "human.scripts.generation"
local host = require "human.core.host"

local M = {}

--- The module marketplace.NAME, and all scripts; the database is open then.  Ends the command where one is missing.
function M.open(name)
  database.open()
  if not db.value "select to_regclass('market_records_unsealed') is not null" then
    cli.stop "no server of this version has used this database yet"
  end
  local ok, scripts = pcall(gen.build, host.native.generation, { examples = false })
  if not ok then cli.stop("the scripts cannot be loaded: " .. tostring(scripts)) end
  gen.install(scripts)
  return scripts.loaded["marketplace." .. name] or cli.stop "the scripts have no marketplace", scripts
end

return M
