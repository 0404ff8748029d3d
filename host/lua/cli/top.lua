-- host/lua/cli/top.lua -- `human top`: what `human status` shows, once a second, until q or Ctrl-C.
-- On a terminal each snapshot replaces the previous one; elsewhere they follow one another, so
-- `human top -n 60 >file` records a minute.

local cli = require "human.cli.words"
local host = require "human.core.host"
local sched = require "human.core.sched"
local snapshot = require "human.cli.snapshot"

local M = {}
local EVERY_S, KEY_S = 1, 0.1
local HOME, CLEAR_LINE, CLEAR_BELOW, HIDE, SHOW = "\27[H", "\27[K", "\27[J", "\27[?25l", "\27[?25h"

-- The number of snapshots; nil: unlimited.
local function parse(args)
  local words, o = cli.parse("top", args, { ["-n"] = "--looks", ["--looks"] = "LOOKS" })
  cli.count("top", words, {}, 0, 0)
  local n = o.looks and o.looks:find "^%d+$" and tonumber(o.looks)
  if o.looks and not (n and n >= 1) then cli.misused("top", "-n must be a whole number from 1, not " .. o.looks) end
  return n
end

local function on_screen(lines, rows)
  local out = { HOME }
  for i = 1, math.min(#lines, rows - 1) do out[#out + 1] = lines[i] .. CLEAR_LINE .. "\n" end
  out[#out + 1] = CLEAR_BELOW
  return table.concat(out)
end

-- True if the user wants to quit.
local function pause(has_keys)
  if not has_keys then
    sched.sleep(EVERY_S)
    return false
  end
  for _ = 1, EVERY_S / KEY_S do
    sched.sleep(KEY_S)
    local key = host.native.key()
    if key == 113 or key == 81 or key == 27 then return true end
  end
  return false
end

local function look(before, rows)
  local now, why = snapshot.take()
  if not now and rows == 0 and not before then cli.stop(why) end
  local lines = now and snapshot.lines(snapshot.view(now, before)) or { why }
  if rows > 0 then return now, on_screen(lines, rows) end
  return now, os.date "%Y-%m-%d %H:%M:%S\n" .. table.concat(lines, "\n") .. "\n\n"
end

local function loop(n, rows, has_keys)
  local before, count = nil, 0
  repeat
    local now, text = look(before, rows)
    if not io.stdout:write(text) or not io.stdout:flush() then return 0 end -- the reader has left
    before, count = now, count + 1
  until count == n or pause(has_keys)
  return before and 0 or 1
end

function M.run(args)
  local n = parse(args)
  local rows, has_keys = host.native.terminal()
  if rows == 0 then return loop(n, 0, false) end
  io.stdout:write(HIDE, HOME, CLEAR_BELOW)
  local ok, code = pcall(loop, n, rows, has_keys)
  io.stdout:write(SHOW)
  if not ok then error(code, 0) end
  return code
end

return M
