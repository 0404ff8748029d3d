-- host/lua/cli/ledger.lua -- `human ledger`: is it true, what did an event move, all of it as double-entry text,
-- whether payouts go on, and what an operator is to look at.
-- Exit status: 0; 1 if a check fails, nothing is known, or there is no database; 2 for wrong arguments.

local cli = require "human.cli.words"
local json = require "human.json"
local open = require("human.cli.marketplace").open

local M = {}
local commands = {}

function commands.check(words, o)
  cli.count("ledger", words, {}, 0, 0)
  local audit, scripts = open "audit"
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
  local text = open("books").explain(words[1])
  if not text then cli.stop("the ledger knows nothing of " .. words[1]) end
  io.stdout:write(text)
  return 0
end

function commands.export(words)
  cli.count("ledger", words, {}, 0, 0)
  open("books").export(function(text) io.stdout:write(text) end)
  return 0
end

function commands.freeze(words)
  cli.count("ledger", words, { "REASON" }, 1, 1)
  local is_new = open("freeze").freeze(words[1])
  io.stdout:write(is_new and "Payouts are stopped.\n" or "Payouts are stopped already.\n")
  return 0
end

-- While a check fails, the next one would only stop them again.
function commands.unfreeze(words)
  cli.count("ledger", words, { "REASON" }, 1, 1)
  local freeze, scripts = open "freeze"
  local found = scripts.loaded["marketplace.freeze_job"].check()
  if #found > 0 then cli.stop(("the books are not true yet: %d findings; see human ledger check"):format(#found)) end
  io.stdout:write(freeze.lift(words[1]) and "Payouts go on.\n" or "Payouts were not stopped.\n")
  return 0
end

local SHOWN, WHY_MAX = 500, 1000

function commands.findings(words, o)
  cli.count("ledger", words, {}, 0, 0)
  local found = open("stripe.findings").open(SHOWN)
  if o.json then
    io.stdout:write(json.encode_sorted { findings = json.array(found) }, "\n")
    return 0
  end
  for _, f in ipairs(found) do
    io.stdout:write(("%d  %s of %s: %s (since %s)\n"):format(f.id, f.kind, f.subject, f.says, f.found_at))
  end
  local is_more = #found == SHOWN and ", or more" or ""
  io.stdout:write(#found == 0 and "There are none.\n" or ("%d to look at%s\n"):format(#found, is_more))
  return 0
end

local REFUSED = {
  unknown = "there is no finding %s; see human ledger findings", ended = "finding %s has ended already",
  balance = "finding %s ends by itself, within an hour, once Stripe's balance is what our books say",
}

function commands.settle(words, o)
  cli.count("ledger", words, { "ID" }, 1, 1)
  local id, because = words[1], o.because or cli.misused("ledger", "--because TEXT is missing")
  if not id:find "^[1-9]%d*$" or #id > 15 then cli.misused("ledger", "ID must be a number, not " .. id) end
  if because == "" or #because > WHY_MAX then
    cli.misused("ledger", ("--because must be 1 to %d bytes"):format(WHY_MAX))
  end
  local by = os.getenv "SUDO_USER" or os.getenv "USER"
  local done, why = open("stripe.findings").settle(tonumber(id), because, by)
  if not done then cli.stop(REFUSED[why]:format(id)) end
  io.stdout:write(("Settled: %s of %s.\n"):format(done.kind, done.subject))
  return 0
end

local NAMES = { "check", "explain", "export", "findings", "freeze", "settle", "unfreeze" }

function M.run(args)
  local words, o = cli.parse("ledger", args, { ["--json"] = true, ["--because"] = "TEXT" })
  local name = table.remove(words, 1)
  if not name then cli.misused("ledger", "COMMAND is missing") end
  if not commands[name] then cli.misused("ledger", "unknown command: " .. name .. cli.suggest(name, NAMES)) end
  if o.json and name ~= "check" and name ~= "findings" then
    cli.misused("ledger", "--json goes with check and findings")
  end
  if o.because and name ~= "settle" then cli.misused("ledger", "--because goes with settle") end
  return commands[name](words, o)
end

return M
