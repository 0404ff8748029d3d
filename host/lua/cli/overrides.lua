-- host/lua/cli/overrides.lua -- `human overrides [--diff|--json] [PATH..]`: scripts that differ from the shipped ones.

local cli = require "human.cli.words"
local host = require "human.core.host"
local json = require "human.json"
local linediff = require "human.core.linediff"
local origin = require "human.scripts.provenance"
local override = require "human.scripts.override"

local M = {}
local SAYS = {
  added = "added", same = "overrides", unknown = "overrides (not said which version)",
  outdated = "overrides an older shipped version", gone = "overrides a script that is no longer shipped",
}

local function parse(args)
  local words, flags = cli.parse("overrides", args, { ["--diff"] = true, ["--json"] = true })
  if flags.diff and flags.json then cli.misused("overrides", "--diff and --json do not go together") end
  local o = { diff = flags.diff, json = flags.json and json.array {}, wanted = {}, words = words, named = #words > 0 }
  for _, word in ipairs(words) do o.wanted[word] = false end
  return o
end

-- What changed in the shipped script since it was copied.
local function upstream(o)
  if o.state ~= "outdated" then return "" end
  local was = override.base_text(o.root, o.base)
  if not was then
    return ("%s/%s is not there, so what changed in the shipped script cannot be told apart from what you changed.\n")
      :format(o.root, override.base_path(o.base))
  end
  return linediff.unified(was, o.below, o.path .. " (as it was copied)", o.path .. " (as it is shipped now)")
end

local function diff(o)
  if not o.below then return "" end
  return linediff.unified(o.below, override.without_base(o.text), o.path .. " (shipped)", o.file) .. upstream(o)
end

local function show(o, with_diff)
  io.stdout:write(("%-40s %s\n"):format(o.path, SAYS[o.state]))
  local warning = override.warning(o)
  if warning then io.stdout:write("  ", warning, "\n") end
  if with_diff then io.stdout:write(diff(o)) end
end

--- Returns the exit code: 0, 1 if something does not exist, 2 wrong usage.
function M.run(args)
  local options = parse(args)
  if host.native.refused ~= "" then
    io.stderr:write("human overrides: ", host.native.refused, "\n")
    return 1
  end
  local list = override.list(origin.read(host.native.generation))
  for _, o in ipairs(list) do
    if not options.named or options.wanted[o.path] ~= nil then
      options.wanted[o.path] = true
      if options.json then
        options.json[#options.json + 1] = { path = o.path, state = o.state, warning = override.warning(o) }
      else
        show(o, options.diff)
      end
    end
  end
  local code = 0
  for _, path in ipairs(options.words) do
    if not options.wanted[path] then
      io.stderr:write("human overrides: ", path, ": is not overridden\n")
      code = 1
    end
  end
  if options.json then
    io.stdout:write(json.encode_sorted(options.json, { "path", "state" }), "\n")
  elseif #list == 0 and code == 0 then io.stdout:write "Every script is as it was shipped.\n"
  end
  return code
end

return M
