-- host/lua/cli/rules.lua -- `human rules`: lists rules, and shows what an edit would change.
-- list, show and examples read the scripts and need nothing else; replay reads the decisions that the
-- server's database keeps, and may run while the server does.

local catalogue = require "human.scripts.catalogue"
local cli = require "human.cli.words"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local rule_examples = require "human.scripts.rule_examples"
local rule_files = require "human.scripts.rule_files"
local sched = require "human.core.sched"
local show = require "human.cli.replay_report"
local time = require "human.time"

local M = {}
local LIMIT, LIMIT_MAX, SAMPLE, SAMPLE_MAX = 10000, 1000000, 5, 1000
local FILE_MAX = 1048576
local UNIT_S = { s = 1, m = 60, h = 3600, d = 86400, w = 604800 }
local CHANGES = 3

local stop = cli.stop

-- Arguments -------------------------------------------------------------------------------------------

local function whole(text, flag, max)
  local n = text:find "^%d+$" and tonumber(text)
  if n and n >= 1 and n <= max then return n end
  cli.misused("rules", ("%s must be a whole number from 1 to %d, not '%s'"):format(flag, max, text))
end

local function since(text)
  local n, unit = text:match "^(%d+)([smhdw])$"
  if n and tonumber(n) <= 100000 then return time.format(time.now_ms() - tonumber(n) * UNIT_S[unit] * 1000) end
  local at = time.normalize(text)
  if at then return at end
  cli.misused("rules", "--since must be like 90m, 1h, 2d or 2025-11-27T10:00:00Z, not '" .. text .. "'")
end

-- Scripts ---------------------------------------------------------------------------------------------

-- Builds the generation of the current scripts; callers that need the examples run them.
local function build(overlay)
  local ok, g = pcall(gen.build, 1, { overlay = overlay, examples = false })
  if not ok then return nil, tostring(g) end
  return g
end

local function load_scripts()
  local g, why = build(nil)
  if not g then stop("the scripts do not load: " .. why) end
  return g
end

local function rule_named(files, name)
  local found, candidates = rule_files.find(files, name)
  if found then return found end
  if candidates then stop(name .. " may be " .. table.concat(candidates, " or ")) end
  stop("no rule file is called " .. name .. "; `human rules list` shows them")
end

-- Sub-commands ----------------------------------------------------------------------------------------

local commands = {}

function commands.list(args)
  local words, o = cli.parse("rules", args, { ["--json"] = true })
  cli.count("rules", words, {}, 0, 0)
  io.stdout:write(rule_files.list(rule_files.of(load_scripts()), o.json))
  return 0
end

function commands.show(args)
  local words = cli.parse("rules", args, {})
  cli.count("rules", words, { "NAME" }, 1, 1)
  io.stdout:write(rule_files.show(rule_named(rule_files.of(load_scripts()), words[1])))
  return 0
end

function commands.examples(args)
  local words = cli.parse("rules", args, {})
  cli.count("rules", words, {}, 0, 1)
  local g = load_scripts()
  local files, failed, passed = rule_files.of(g), 0, 0
  if words[1] then files = { rule_named(files, words[1]) } end
  for _, file in ipairs(files) do
    for _, ex in ipairs(rule_examples.run(file.members, catalogue.of_rule(g, file.name))) do
      if ex.problem then failed = failed + 1 else passed = passed + 1 end
      io.stdout:write(("%-6s %s example %d (%s)%s\n"):format(ex.problem and "failed" or "ok", file.path,
        ex.number, ex.fn, ex.problem and ": " .. ex.problem or ""))
    end
  end
  io.stdout:write(("%d ok, %d failed\n"):format(passed, failed))
  return failed == 0 and 0 or 1
end

-- Replay ----------------------------------------------------------------------------------------------

local FLAGS = { ["--json"] = true, ["--since"] = "TIME", ["--limit"] = "N", ["--as"] = "PATH", ["--sample"] = "N" }

local function replay_words(args)
  local words, o = cli.parse("rules", args, FLAGS)
  cli.count("rules", words, {}, 0, 1)
  o.limit = o.limit and whole(o.limit, "--limit", LIMIT_MAX) or LIMIT
  o.sample = o.sample and whole(o.sample, "--sample", SAMPLE_MAX) or SAMPLE
  o.since = o.since and since(o.since)
  if o.as and not words[1] then cli.misused("rules", "--as goes with a FILE") end
  return words[1], o
end

-- The text of the file at a path; nil if there is none.
local function read_file(name)
  local file, why = io.open(name, "r")
  if not file then
    if why:find("No such file", 1, true) or why:find("Not a directory", 1, true) then return nil end
    stop("cannot read " .. why)
  end
  local text, problem = file:read(FILE_MAX + 1)
  file:close()
  if not text and problem then stop("cannot read " .. name .. ": " .. problem) end
  if #(text or "") > FILE_MAX then stop(name .. " is larger than a script may be (1 MB)") end
  return text or ""
end

local function replaced_by(files, name, as)
  if as then
    for _, file in ipairs(files) do
      if file.path == as then return file end
    end
    stop("--as: the scripts have no rule " .. as .. "; `human rules list` shows them")
  end
  local found, candidates = rule_files.find(files, name)
  if found then return found end
  if candidates then stop(("%s may be %s: say which with --as"):format(name, table.concat(candidates, " or "))) end
  stop(("no rule of the scripts has the name of %s: say which with --as PATH"):format(name))
end

-- The rules that differ from the shipped ones.
local function edited(files)
  local list = {}
  for _, file in ipairs(files) do
    if file.file ~= file.path then list[#list + 1] = file end
  end
  return list
end

-- All of them, or the one that `name` refers to.
local function edits_named(files, name)
  local list = edited(files)
  local first = host.conf().scripts:match "^[^:]+"
  if not name then
    if #list > 0 then return list end
    stop(("no rule is edited in %s; `human override agent/rules/limits.lua` makes a copy to edit"):format(first))
  end
  local found, candidates = rule_files.find(list, name)
  if found then return { found } end
  if candidates then stop(("%s may be %s"):format(name, table.concat(candidates, " or "))) end
  stop(("there is no file %s, and no edited rule of that name in %s"):format(name, first))
end

-- Makes messages name the given file, not the one that it replaces.
local function in_words_of(text, file, name)
  if text:sub(1, #file + 1) == file .. ":" then return name .. text:sub(#file + 1) end
  return text
end

local function warn_of_examples(g, file, name)
  for _, r in ipairs(g.rule_sources) do
    local ok, problem = pcall(rule_examples.check, r.file or r.path, r.mod, catalogue.of_rule(g, r.name))
    if not ok then
      local text = in_words_of(g.origin:explain(tostring(problem)), file, name)
      io.stderr:write("note: a reload would refuse this: ", text, "\n")
    end
  end
end

-- The generation to replay, and its edits: {{file, path, name}, ..}.
local function what_to_ask(name, as)
  local files = rule_files.of(load_scripts())
  local text = name and read_file(name)
  if not text then return load_scripts(), edits_named(files, name) end
  local target = replaced_by(files, name, as)
  local g, why = build { [target.path] = text }
  if not g then stop("refused: " .. in_words_of(why, target.file, name)) end
  return g, { { file = name, path = target.path, name = target.name, stands_for = target.file } }
end

-- Called only once the arguments are known to be valid, so that an error in them starts nothing.
local function open_database()
  local task = sched.current()
  sched.on_event(host.EV.DB, function(up) sched.wake(task, up == 1) end)
  if not host.native.database() then stop "there is no database to read" end
  if not sched.suspend() then stop("the database is not reachable: " .. select(2, host.db_state())) end
  require("human.db").open()
end

function commands.replay(args)
  local name, o = replay_words(args)
  local g, edits = what_to_ask(name, o.as)
  warn_of_examples(g, edits[1].stands_for or edits[1].file, edits[1].file)
  open_database()
  o.modules, o.edits = {}, {}
  for i, e in ipairs(edits) do
    o.modules[i], o.edits[i] = e.name, { file = e.file, path = e.path }
  end
  local report = require("human.cli.replay").run(g, o)
  if not report then stop "this database has never kept a decision: no server has used it yet" end
  report.edits, report.since, report.limit = o.edits, o.since, o.limit
  io.stdout:write(o.json and show.json(report) or show.text(report))
  return (report.changed + report.failed > 0) and CHANGES or 0
end

--- Runs a sub-command with the command line's arguments; returns the exit status.  Awaits.
function M.run(args)
  local names = { "list", "show", "examples", "replay" }
  if not args[1] then stop(cli.help "rules", 2) end
  local command = commands[args[1]]
  if not command then cli.misused("rules", "unknown command: " .. args[1] .. cli.suggest(args[1], names)) end
  return command { unpack(args, 2) }
end

return M
