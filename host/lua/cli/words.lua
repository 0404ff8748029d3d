-- host/lua/cli/words.lua -- shared by the sub-commands: parsing arguments, exiting, and
-- suggestions.  Texts for `human help COMMAND` are in host/cli/help.txt.

local host = require "human.core.host"
local nearest = require "human.core.nearest"

local M = {}
-- Flags of all commands, which main.c parses; listed here for suggestions.
local COMMON = { "--port", "--agent-port", "--host", "--scripts", "--workers", "--log-level", "--set", "--watch",
                 "--control-ui", "--help" }

--- Ends the command with a sentence on stderr.  code: by default 1 (failure).
function M.stop(text, code) error({ say = text, code = code or 1 }, 0) end

--- The text of `human help COMMAND`.
function M.help(command) return host.native.help(command) end

-- Its first lines: the usage.
local function usage(command)
  local out = {}
  for line in M.help(command):gmatch "[^\n]+" do
    if not line:find "^usage: " and not line:find "^       %S" then break end
    out[#out + 1] = line
  end
  return table.concat(out, "\n")
end

--- Ends it because of wrong usage: exit status 2.
function M.misused(command, text)
  M.stop(("%s\n%s\nTry `human help %s`."):format(text, usage(command), command), 2)
end

M.suggest = nearest.suggest

local function unknown(command, flag, known)
  local list = {}
  for name in pairs(known) do list[#list + 1] = name end
  table.sort(list)
  for _, name in ipairs(COMMON) do list[#list + 1] = name end
  M.misused(command, "unknown flag: " .. flag .. nearest.suggest(flag, list))
end

--- Parses arguments: known = {["--json"] = true (a switch), ["--since"] = "TIME" (takes a value of that
--- name), ["-m"] = "--message" (an alias)}.  "--flag=value" and "--flag value"; after "--" there are no flags.
--- Returns the arguments that are no flags, and {since = "1d", json = true}.  Ends the command if they are wrong.
function M.parse(command, args, known)
  local words, o, i = {}, {}, 1
  while i <= #args do
    local arg = args[i]
    local flag, value = arg:match "^(%-%-[^=]+)=(.*)$"
    flag = flag or arg
    if type(known[flag]) == "string" and known[flag]:sub(1, 1) == "-" then flag = known[flag] end
    local kind = known[flag]
    if arg == "--" then
      for k = i + 1, #args do words[#words + 1] = args[k] end
      break
    elseif arg:sub(1, 1) ~= "-" or arg == "-" then
      words[#words + 1] = arg
    elseif not kind then
      unknown(command, flag, known)
    elseif kind == true then
      if value then M.misused(command, flag .. " takes no value") end
      o[flag:sub(3)] = true
    else
      if not value then i, value = i + 1, args[i + 1] end
      if not value then M.misused(command, ("a value is missing after %s (%s)"):format(flag, kind)) end
      o[flag:sub(3)] = value
    end
    i = i + 1
  end
  return words, o
end

--- Ends the command unless there are `least` to `most` arguments; names: their names, in order.
function M.count(command, words, names, least, most)
  if #words < least then M.misused(command, names[#words + 1] .. " is missing") end
  if #words > most then M.misused(command, "unexpected argument: " .. words[most + 1]) end
end

--- Runs run(args), the function of a command; returns the exit status.
function M.run(command, run, args)
  local ok, result = pcall(run, args)
  if ok then return result end
  if type(result) ~= "table" or not result.say then error(result, 0) end
  local about = result.say:find "^usage:" and "" or "human " .. command .. ": "
  io.stderr:write(about, result.say, result.say:find "\n$" and "" or "\n")
  return result.code
end

return M
