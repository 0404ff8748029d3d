-- host/lua/cli_rules.lua -- `human rules`: what there is to turn, and what an edit would change.
-- list, show and examples read the scripts and need nothing else; replay reads the decisions that the
-- server's database keeps, and may run while the server does.

local gen = require "human.gen"
local rule_files = require "human.rule_files"
local rules = require "human.rules"
local show = require "human.replay_report"
local time = require "human.time"

local M = {}
local LIMIT, LIMIT_MAX, SAMPLE, SAMPLE_MAX = 10000, 1000000, 5, 1000
local FILE_MAX = 1048576
local UNIT_S = { s = 1, m = 60, h = 3600, d = 86400, w = 604800 }
local CHANGES = 3
local USAGE = [[
usage: human rules list [--json]            every rule file, and what it lets you turn
       human rules show NAME                one file: its path and text
       human rules examples [NAME]          run the examples; exit status 1 when one fails
       human rules replay FILE [FLAGS]      what an edited rule would have decided
  --since 1h|2d|TIME    only decisions younger than that (TIME: 2025-11-27T10:00:00Z)
  --limit N             at most so many, newest first (10000)
  --as PATH             the rule that FILE is to replace, when its name does not say
  --sample N            how many changes to show (5)
  --json                as JSON
replay exits with 0 when nothing would change, 3 when something would, 1 when it cannot tell.
]]

-- Ends the command with a sentence.
local function give_up(text, code) error({ say = text, code = code or 1 }, 0) end

-- Arguments -------------------------------------------------------------------------------------------

local function whole(text, flag, max)
  local n = text:find "^%d+$" and tonumber(text)
  if n and n >= 1 and n <= max then return n end
  give_up(("%s must be a whole number from 1 to %d, not '%s'"):format(flag, max, text))
end

local function since(text)
  local n, unit = text:match "^(%d+)([smhdw])$"
  if n and tonumber(n) <= 100000 then return time.format(time.now_ms() - tonumber(n) * UNIT_S[unit] * 1000) end
  local at = time.normalize(text)
  if at then return at end
  give_up("--since must be like 90m, 1h, 2d or 2025-11-27T10:00:00Z, not '" .. text .. "'")
end

local FLAGS = {
  ["--since"] = function(o, text) o.since = since(text) end,
  ["--limit"] = function(o, text) o.limit = whole(text, "--limit", LIMIT_MAX) end,
  ["--sample"] = function(o, text) o.sample = whole(text, "--sample", SAMPLE_MAX) end,
  ["--as"] = function(o, text) o.as = text end,
}

-- {words}, {since, limit, sample, as, json}; "--flag=value" and "--flag value".
local function parse(args, allowed)
  local words, o, i = {}, { limit = LIMIT, sample = SAMPLE }, 1
  while i <= #args do
    local flag, value = args[i]:match "^(%-%-[%w-]+)=(.*)$"
    flag = flag or args[i]
    if flag:sub(1, 1) ~= "-" then
      words[#words + 1] = flag
    elseif not allowed:find(flag .. " ", 1, true) then
      give_up("unknown flag: " .. flag .. "\n" .. USAGE, 2)
    elseif flag == "--json" then
      o.json = true
    else
      if not value then i, value = i + 1, args[i + 1] end
      if not value then give_up("a value is missing after " .. flag, 2) end
      FLAGS[flag](o, value)
    end
    i = i + 1
  end
  return words, o
end

-- Scripts ---------------------------------------------------------------------------------------------

-- The generation of the scripts as they are; examples are run by those who want to see them.
local function build(overlay)
  local ok, g = pcall(gen.build, 1, { overlay = overlay, examples = false })
  if not ok then return nil, tostring(g) end
  return g
end

local function load_scripts()
  local g, why = build(nil)
  if not g then give_up("the scripts do not load: " .. why) end
  return g
end

local function rule_named(files, name)
  local found, candidates = rule_files.find(files, name)
  if found then return found end
  if candidates then give_up(name .. " may be " .. table.concat(candidates, " or ")) end
  give_up("no rule file is called " .. name .. "; `human rules list` shows them")
end

-- Sub-commands ----------------------------------------------------------------------------------------

local commands = {}

function commands.list(args)
  local words, o = parse(args, "--json ")
  if #words > 0 then give_up("unexpected argument: " .. words[1], 2) end
  io.stdout:write(rule_files.list(rule_files.of(load_scripts()), o.json))
  return 0
end

function commands.show(args)
  local words = parse(args, "")
  if #words ~= 1 then give_up("show needs the name of one rule\n" .. USAGE, 2) end
  io.stdout:write(rule_files.show(rule_named(rule_files.of(load_scripts()), words[1])))
  return 0
end

function commands.examples(args)
  local words = parse(args, "")
  if #words > 1 then give_up("unexpected argument: " .. words[2], 2) end
  local g = load_scripts()
  local files, failed, passed = rule_files.of(g), 0, 0
  if words[1] then files = { rule_named(files, words[1]) } end
  for _, file in ipairs(files) do
    for _, ex in ipairs(rules.run_examples(file.members, g.errors)) do
      if ex.problem then failed = failed + 1 else passed = passed + 1 end
      io.stdout:write(("%-6s %s example %d (%s)%s\n"):format(ex.problem and "failed" or "ok", file.path,
        ex.number, ex.fn, ex.problem and ": " .. ex.problem or ""))
    end
  end
  io.stdout:write(("%d ok, %d failed\n"):format(passed, failed))
  return failed == 0 and 0 or 1
end

-- Replay ----------------------------------------------------------------------------------------------

local function read_file(name)
  local file, why = io.open(name, "r")
  if not file then give_up("cannot read " .. why) end
  local text, problem = file:read(FILE_MAX + 1)
  file:close()
  if not text and problem then give_up("cannot read " .. name .. ": " .. problem) end
  if #(text or "") > FILE_MAX then give_up(name .. " is larger than a script may be (1 MB)") end
  return text or ""
end

local function replaced_by(files, name, as)
  if as then
    for _, file in ipairs(files) do
      if file.path == as then return file end
    end
    give_up("--as: the scripts have no rule " .. as .. "; `human rules list` shows them")
  end
  local found, candidates = rule_files.find(files, name)
  if found then return found end
  if candidates then give_up(("%s may be %s: say which with --as"):format(name, table.concat(candidates, " or "))) end
  give_up(("no rule of the scripts has the name of %s: say which with --as PATH"):format(name))
end

-- Messages speak of the file that was given, not of the one that it stands in for.
local function in_words_of(text, file, name)
  if text:sub(1, #file + 1) == file .. ":" then return name .. text:sub(#file + 1) end
  return text
end

local function warn_of_examples(g, file, name)
  for _, r in ipairs(g.rule_sources) do
    local ok, problem = pcall(rules.check_examples, r.file or r.path, r.mod, g.errors)
    if not ok then
      io.stderr:write("note: a reload would refuse this: ", in_words_of(tostring(problem), file, name), "\n")
    end
  end
end

function commands.replay(args)
  local words, o = parse(args, "--json --since --limit --sample --as ")
  if #words ~= 1 then give_up("replay needs one file\n" .. USAGE, 2) end
  local name = words[1]
  local text = read_file(name)
  local target = replaced_by(rule_files.of(load_scripts()), name, o.as)
  local g, why = build { [target.path] = text }
  if not g then give_up("refused: " .. in_words_of(why, target.file, name)) end
  warn_of_examples(g, target.file, name)
  require("human.db").open()
  o.module = target.name
  local report = require("human.replay").run(g, o)
  if not report then give_up "this database has never kept a decision: no server has used it yet" end
  report.file, report.path, report.since, report.limit = name, target.path, o.since, o.limit
  io.stdout:write(o.json and show.json(report) or show.text(report))
  return (report.changed + report.failed > 0) and CHANGES or 0
end

--- Runs a sub-command with the command line's words; returns the exit status.  Awaits.
function M.run(args)
  local name = args[1]
  local command = commands[name]
  if not command then
    local asked = name == "-h" or name == "--help"
    local to = asked and io.stdout or io.stderr
    if name and not asked then to:write("human rules: unknown command: ", name, "\n") end
    to:write(USAGE)
    return asked and 0 or 2
  end
  local ok, result = pcall(command, { unpack(args, 2) })
  if ok then return result end
  if type(result) ~= "table" or not result.say then error(result, 0) end
  io.stderr:write("human rules: ", result.say, result.say:find "\n$" and "" or "\n")
  return result.code
end

return M
