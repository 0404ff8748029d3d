-- host/lua/cli/clock.lua -- `human clock`: shows the time that due times depend on, and moves it in a test database.
-- Exit status: 0; 1 without a test clock in the database, or without a database; 2 for wrong arguments.

local cli = require "human.cli.words"
local clock = require "human.core.clock"
local database = require "human.cli.database"
local db = require "human.db"
local json = require "human.json"

local M = {}
local UNIT_S = { s = 1, m = 60, h = 3600, d = 86400 }
local MAX_S = 100 * 366 * 86400

-- "1d12h" in seconds.
local function duration(text)
  local total, at = 0, 1
  repeat
    local digits, unit, behind = text:match("^(%d+)(%a)()", at)
    total = total + (UNIT_S[unit] and #digits <= 10 and tonumber(digits) * UNIT_S[unit] or math.huge)
    at = behind or #text + 1
  until at > #text
  if not (total > 0 and total <= MAX_S) then
    cli.misused("clock", text .. " is no duration such as 90s, 15m, 48h or 1d12h")
  end
  return total
end

local function state()
  local row = db.row [[select human_now() as now, to_regclass('host_clock') is not null as is_test]]
  return { now = row.now, test_clock = row.is_test, ahead_s = row.is_test and db.value(clock.sql.read) or 0 }
end

local function show(now, as_json)
  if as_json then return json.encode_sorted(now, { "now", "test_clock", "ahead_s" }) .. "\n" end
  if not now.test_clock then return now.now .. "\n" end
  return ("%s (a test clock, %g s ahead)\n"):format(now.now, now.ahead_s)
end

function M.run(args)
  local words, o = cli.parse("clock", args, { ["--json"] = true })
  cli.count("clock", words, { "COMMAND", "DURATION" }, 0, 2)
  local by_s
  if words[1] == "advance" then
    cli.count("clock", words, { "COMMAND", "DURATION" }, 2, 2)
    by_s = duration(words[2])
  elseif words[1] then
    cli.misused("clock", "unknown command: " .. words[1] .. cli.suggest(words[1], { "advance" }))
  end
  database.open()
  if not db.value "select to_regprocedure('human_now()') is not null" then
    cli.stop "no server has used this database yet"
  end
  if by_s and not clock.advance(by_s) then
    cli.stop "this database has no test clock: it was made without the setting time.test_clock"
  end
  io.stdout:write(show(state(), o.json))
  return 0
end

return M
