-- host/lua/cli/ledger.lua -- `human ledger`: is it true, what did an event move, all of it as double-entry text, and
-- whether payouts go on.
-- Exit status: 0; 1 if a check fails, nothing is known, or there is no database; 2 for wrong arguments.

local cli = require "human.cli.words"
local database = require "human.cli.database"
local db = require "human.db"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"

local M = {}
local commands = {}

-- A module of the marketplace; the database is open then.
local function open(name)
  local ok, scripts = pcall(gen.build, host.native.generation)
  if not ok then cli.stop("the scripts do not load: " .. tostring(scripts)) end
  local module = scripts.loaded[name] or cli.stop("these scripts have no marketplace")
  database.open()
  if not db.value "select to_regclass('market_payments') is not null" then
    cli.stop "no server has used this database yet"
  end
  return module, scripts
end

function commands.check(words, o)
  cli.count("ledger", words, {}, 0, 0)
  local audit, scripts = open "marketplace.audit"
  local found, out, frozen = audit.run(), {}, scripts.loaded["marketplace.freeze"].now()
  for i, f in ipairs(found) do out[i] = ("%s: %s: %s, by %s\n"):format(f.check, f.says, f.what, f.off) end
  if o.json then
    io.stdout:write(json.encode_sorted({ checks = #audit.CHECKS, found = json.array(found), frozen = frozen }), "\n")
  else
    io.stdout:write(table.concat(out), ("%d checks, %d findings\n"):format(#audit.CHECKS, #found))
    if frozen then io.stdout:write(("payouts are stopped since %s: %s\n"):format(frozen.frozen_at, frozen.reason)) end
  end
  return #found == 0 and 0 or 1
end

function commands.explain(words)
  cli.count("ledger", words, { "ID" }, 1, 1)
  local text = open("marketplace.books").explain(words[1])
  if not text then cli.stop("the ledger knows nothing of " .. words[1]) end
  io.stdout:write(text)
  return 0
end

function commands.export(words)
  cli.count("ledger", words, {}, 0, 0)
  open("marketplace.books").export(function(text) io.stdout:write(text) end)
  return 0
end

function commands.freeze(words)
  cli.count("ledger", words, { "REASON" }, 1, 1)
  local is_new = open("marketplace.freeze").freeze(words[1])
  io.stdout:write(is_new and "Payouts are stopped.\n" or "Payouts are stopped already.\n")
  return 0
end

-- While a check fails, the next one would only stop them again.
function commands.unfreeze(words)
  cli.count("ledger", words, { "REASON" }, 1, 1)
  local freeze, scripts = open "marketplace.freeze"
  local found = scripts.loaded["marketplace.freeze_job"].check()
  if #found > 0 then cli.stop(("the books are not true yet: %d findings; see human ledger check"):format(#found)) end
  io.stdout:write(freeze.lift(words[1]) and "Payouts go on.\n" or "Payouts were not stopped.\n")
  return 0
end

local NAMES = { "check", "explain", "export", "freeze", "unfreeze" }

function M.run(args)
  local words, o = cli.parse("ledger", args, { ["--json"] = true })
  local name = table.remove(words, 1)
  if not name then cli.misused("ledger", "COMMAND is missing") end
  if not commands[name] then cli.misused("ledger", "unknown command: " .. name .. cli.suggest(name, NAMES)) end
  if o.json and name ~= "check" then cli.misused("ledger", "--json goes with check") end
  return commands[name](words, o)
end

return M
