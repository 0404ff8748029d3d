-- host/lua/cli/logs.lua -- `human logs`: the last lines that the server has logged, and with -f those that follow.

local cli = require "human.cli.words"
local json = require "human.json"
local remote = require "human.cli.remote"
local sched = require "human.core.sched"

local M = {}
local LINES, LINES_MAX, LOOK_S = 100, 1000, 0.5

-- A line is one JSON object, or a text.
local function plain(line)
  local value = json.decode(line)
  if type(value) ~= "table" then return line end
  local parts = { tostring(value.time or value.ts or ""), tostring(value.level or ""), tostring(value.msg or "") }
  local names = {}
  for name in pairs(value) do
    if name ~= "time" and name ~= "ts" and name ~= "level" and name ~= "msg" then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local v = value[name]
    parts[#parts + 1] = name .. "=" .. (type(v) == "table" and json.encode_sorted(v) or tostring(v))
  end
  return (table.concat(parts, " "):gsub("\n", "\\n"))
end

local function print_all(answer, o)
  if answer.reset == true and not o.json then remote.say "(some lines are lost)" end
  for _, line in ipairs(answer.lines or {}) do
    if type(line) == "table" then line = json.encode_sorted(line) end
    remote.say(o.json and line or plain(line))
  end
  io.stdout:flush()
end

local function look(cursor, limit)
  local answer, err = remote.try("logs.tail", { cursor = cursor, limit = limit })
  if answer then return answer end
  if err.code == "METHOD_NOT_FOUND" then cli.stop "this server keeps no log to show; see journalctl -u human" end
  cli.stop(remote.plain(err.message))
end

local function lines_of(o)
  local n = tonumber(o.lines or LINES)
  if not n or n < 1 or n > LINES_MAX or n % 1 ~= 0 then cli.misused("logs", "-n is a number of 1 to " .. LINES_MAX) end
  return n
end

function M.run(args)
  local words, o = cli.parse("logs", args, { ["--json"] = true, ["--follow"] = true, ["-f"] = "--follow",
                                             ["--lines"] = "N", ["-n"] = "--lines" })
  cli.count("logs", words, {}, 0, 0)
  local answer = look(nil, lines_of(o))
  print_all(answer, o)
  while o.follow do
    if not answer.truncated then sched.sleep(LOOK_S) end
    answer = look(answer.cursor, LINES_MAX)
    print_all(answer, o)
  end
  return 0
end

return M
