-- host/lua/cli/audit.lua -- `human audit`: whether the marketplace's audit trail holds, and all of it.  It goes to the
-- database itself: whoever may do that operates the host.
-- Exit status: 0; 1 the trail is broken, or there is no database; 2 for wrong arguments.

local cli = require "human.cli.words"
local json = require "human.json"
local open = require("human.cli.marketplace").open

local M = {}
local commands = {}

local SAYS = {
  changed = "%d was changed, or the one before it with its hash", removed = "%d was taken out",
  inserted = "%d was put in", moved = "%d was moved; it was %d",
}

local function in_words(f)
  local about = f.resource_type and (" (%s %s)"):format(f.resource_type, f.resource_id) or ""
  return ("Record " .. SAYS[f.is] .. "%s.\n"):format(f.n, f.is == "moved" and f.was or about, about)
end

-- What was kept of an earlier look: N:HASH.
local function known(text)
  if not text then return nil end
  local n, hash = text:match "^([1-9]%d*):(%x+)$"
  if not n or #n > 15 or #hash ~= 64 then
    cli.misused("audit", "--at must be a record's number and hash, N:HASH, not " .. text)
  end
  return { n = tonumber(n), hash = hash:lower() }
end

function commands.verify(words, o)
  cli.count("audit", words, {}, 0, 0)
  local at = known(o.at)
  local now = open("trail").verify(at)
  if o.json then
    io.stdout:write(json.encode_sorted(now, { "n", "is" }), "\n")
  elseif now.found[1] then
    for _, f in ipairs(now.found) do io.stdout:write(in_words(f)) end
  else
    local records = now.n == 1 and "1 record is" or now.n .. " records are"
    io.stdout:write(("%s in one chain, which ends with %s.\n"):format(records, now.hash))
  end
  return now.found[1] and 1 or 0
end

function commands.export(words, o)
  cli.count("audit", words, {}, 0, 0)
  local since = o.since or "0"
  if not since:find "^%d+$" or #since > 15 then cli.misused("audit", "--since must be a number, not " .. since) end
  open("trail").export(tonumber(since), function(row)
    row.facts = json.decode(row.facts)
    io.stdout:write(json.encode_sorted(row, { "n" }), "\n")
  end)
  return 0
end

function M.run(args)
  local words, o = cli.parse("audit", args, { ["--json"] = true, ["--at"] = "N:HASH", ["--since"] = "N" })
  local name = table.remove(words, 1)
  if not name then cli.misused("audit", "a command is missing") end
  if not commands[name] then
    cli.misused("audit", "unknown command: " .. name .. cli.suggest(name, { "verify", "export" }))
  end
  return commands[name](words, o)
end

return M
