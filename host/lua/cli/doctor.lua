-- host/lua/cli/doctor.lua -- `human doctor`: what is wrong with this installation, and how to fix
-- it.  Starts nothing and changes nothing, whether a server runs or not.  Exit status 1 for
-- failures; warnings do not count.

local cli = require "human.cli.words"
local doctor = require "human.cli.doctor_machine"
local host = require "human.core.host"
local json = require "human.json"
local own_server = require "human.cli.own_server"
local service = require "human.cli.doctor_service"

local M = {}
local FIRST = { "level", "name", "text", "fix" }
local MARK = { ok = "ok  ", warn = "warn", fail = "FAIL" }

--- Runs all checks; returns the report.
function M.examine(ask, conf, ask_model)
  local r = doctor.report(ask, conf)
  doctor.versions(r)
  doctor.secrets(r)
  doctor.home(r)
  doctor.disk(r)
  doctor.files(r, (own_server.status()))
  local server = service.server(r)
  if not server then doctor.ports(r) end
  doctor.certificates(r)
  doctor.management(r)
  doctor.programs(r)
  local g, number = service.scripts(r, server)
  service.database(r, server, number)
  service.model(r, g, ask_model)
  return r
end

local function count(findings, level)
  local n = 0
  for _, f in ipairs(findings) do
    if f.level == level then n = n + 1 end
  end
  return n
end

local function plural(n, noun) return n .. " " .. noun .. (n == 1 and "" or "s") end

local function print_text(findings)
  for _, f in ipairs(findings) do
    io.stdout:write(("%s  %-12s %s\n"):format(MARK[f.level], f.name, f.text))
    if f.fix and f.level ~= "ok" then io.stdout:write((" "):rep(19), "-> ", f.fix, "\n") end
  end
  local wrong, warnings = count(findings, "fail"), count(findings, "warn")
  io.stdout:write("\n", wrong == 0 and "Nothing is wrong" or plural(wrong, "thing") .. " to put right",
    warnings > 0 and ", " .. plural(warnings, "warning") or "", ".\n")
end

--- Prints what was found, as text or JSON; returns the exit status.
function M.print(r, o)
  if o.json then
    io.stdout:write(json.encode_sorted(json.array(r.findings), FIRST), "\n")
  else
    print_text(r.findings)
  end
  return count(r.findings, "fail") > 0 and 1 or 0
end

function M.run(args)
  local words, o = cli.parse("doctor", args, { ["--json"] = true, ["--online"] = true })
  cli.count("doctor", words, {}, 0, 0)
  return M.print(M.examine(host.native.fact, host.conf(), o.online), o)
end

return M
