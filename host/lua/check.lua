-- host/lua/check.lua -- `human check`: would these scripts be accepted?  For operators and CI.
-- Builds the generation without installing it: syntax, globals, modules, routes, error codes, jobs and
-- the examples of rules.  Needs no database and no running server.

local gen = require "human.gen"

local M = {}

local function plural(n, noun) return n .. " " .. noun .. (n == 1 and "" or "s") end

local function size(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local function examples(g)
  local n = 0
  for _, r in ipairs(g.rule_sources) do n = n + #(r.mod.examples or {}) end
  return n
end

-- One line that says what was checked.
function M.summary(g)
  return ("scripts %s: %s, %s, %s, %s"):format(g.id, plural(size(g.loaded), "module"),
    plural(#g.routes, "route"), plural(size(g.jobs) + #g.starts, "job"), plural(examples(g), "rule example"))
end

-- Returns the exit code; the verdict is printed, a refusal to stderr.
function M.run()
  local ok, result = pcall(gen.build, 1)
  if not ok then
    io.stderr:write("refused: ", tostring(result), "\n")
    return 1
  end
  io.stdout:write(M.summary(result), "\n")
  return 0
end

return M
