-- host/lua/cli/queue.lua -- `human queue`: waiting, running and dead rows, and what to do with dead ones.
-- Exit status: 0; 1 if there is no such row, or no database; 2 for wrong arguments.

local backlog = require "human.backlog"
local cli = require "human.cli.words"
local database = require "human.cli.database"
local db = require "human.db"
local json = require "human.json"

local M = {}
local LIMIT, LIMIT_MAX = 50, 1000
local commands = {}

local function write(value, o, text)
  io.stdout:write(o.json and json.encode_sorted(value, { "kind", "id", "key", "state" }) or text, o.json and "\n" or "")
  return 0
end

local function open()
  database.open()
  if db.value "select to_regclass('host_queue') is not null" then return end
  cli.stop "no server has used this database yet"
end

local function line(row)
  return ("%-8s %-24s %-28s %s  try %d  %s%s\n"):format(row.state, row.kind, row.id, row.due_at, row.attempts,
    row.key and "key " .. row.key or "", row.last_error and "  " .. row.last_error:match "^[^\n]*" or "")
end

-- `human queue`: kinds.
function commands.kinds(words, o)
  cli.count("queue", words, { "COMMAND" }, 0, 0)
  open()
  local kinds, out = backlog.kinds(), {}
  for i, k in ipairs(kinds) do
    out[i] = ("%-40s %7d waiting %5d running %5d dead  late %.0f s\n"):format(k.kind, k.waiting, k.running, k.dead,
      k.late_s)
  end
  return write(json.array(kinds), o, out[1] and table.concat(out) or "The queue is empty.\n")
end

local STATES = { waiting = true, running = true, dead = true }

function commands.list(words, o)
  cli.count("queue", words, { "KIND" }, 0, 1)
  local limit = tonumber(o.limit or LIMIT)
  if not limit or limit < 1 or limit > LIMIT_MAX or limit % 1 ~= 0 then
    cli.misused("queue", "--limit is a number of 1 to " .. LIMIT_MAX)
  end
  local state = o.state or "dead"
  if not STATES[state] then cli.misused("queue", "--state is waiting, running or dead") end
  open()
  local rows, out = backlog.list(state, words[1], limit), {}
  for i, row in ipairs(rows) do out[i], row.place = line(row), nil end
  return write(json.array(rows), o, out[1] and table.concat(out) or "None.\n")
end

local SHOWN = "kind      %s\nid        %s\nkey       %s\nstate     %s\ndue       %s\nadded     %s\nattempts  %d\n"
  .. "error     %s\npayload   %s\n"

function commands.show(words, o)
  cli.count("queue", words, { "ID" }, 1, 1)
  open()
  local rows, out = backlog.show(words[1]), {}
  if not rows[1] then cli.stop("there is no row " .. words[1]) end
  for i, row in ipairs(rows) do
    out[i] = SHOWN:format(row.kind, row.id, row.key or "-", row.state, row.due_at, row.added_at, row.attempts,
      row.last_error or "-", json.raw_text(row.payload))
  end
  return write(json.array(rows), o, table.concat(out, "\n"))
end

-- One row by its id, or all dead rows of a kind.
local function change(act, done)
  return function(words, o)
    cli.count("queue", words, { "ID" }, o.all and 0 or 1, o.all and 0 or 1)
    open()
    local n = act(o.all, words[1])
    if n == 0 and not o.all then
      cli.stop(("there is no row %s that was given up"):format(words[1]))
    end
    return write({ rows = n }, o, ("%d %s.\n"):format(n, done))
  end
end

commands.retry = change(backlog.retry, "to be tried again")
commands.drop = change(backlog.drop, "dropped")

local FLAGS = { ["--json"] = true, ["--state"] = "STATE", ["--limit"] = "N", ["--all"] = "KIND" }

function M.run(args)
  local words, o = cli.parse("queue", args, FLAGS)
  local name = table.remove(words, 1) or "kinds"
  if not commands[name] then
    cli.misused("queue", "unknown command: " .. name .. cli.suggest(name, { "list", "show", "retry", "drop" }))
  end
  return commands[name](words, o)
end

return M
