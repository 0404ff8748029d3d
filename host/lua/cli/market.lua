-- host/lua/cli/market.lua -- `human market`: who administers the marketplace.
-- It goes to the database itself: whoever may do that operates the host.
-- Exit status: 0; 1 there is no such actor, or there is no database; 2 for wrong arguments.

local cli = require "human.cli.words"
local json = require "human.json"
local open = require("human.cli.marketplace").open

local M = {}
local commands = {}

local function write(value, o, text)
  io.stdout:write(o.json and json.encode_sorted(value, { "actor_id", "n" }) or text, o.json and "\n" or "")
  return 0
end

local function is_id(text) return #text == 36 and text:find "^%x+%-%x+%-%x+%-%x+%-%x+$" ~= nil end

local function role(name)
  return function(words, o)
    cli.count("market", words, { "EMAIL|ACTOR_ID" }, 1, 1)
    local who = words[1]
    if not (who:find("@", 1, true) or is_id(who)) then
      cli.misused("market", who .. " is neither an email address nor the id of an actor")
    end
    local actor = open("admins").set_role(who, name) or cli.stop("there is no actor " .. who)
    return write(actor, o, ("%s (%s) is %s.\n"):format(actor.display_name, actor.actor_id,
      name == "admin" and "an admin" or "no admin"))
  end
end

commands.admin = role "admin"
commands.member = role "member"

function commands.admins(words, o)
  cli.count("market", words, {}, 0, 0)
  local list, out = open("admins").list(), {}
  for i, a in ipairs(list) do
    out[i] = ("%s  %-16s %-8s %s%s\n"):format(a.actor_id, a.type, a.state, a.display_name,
      a.email and " <" .. a.email .. ">" or "")
  end
  return write(json.array(list), o, out[1] and table.concat(out) or "Nobody. `human market admin EMAIL` makes one.\n")
end

function M.run(args)
  local words, o = cli.parse("market", args, { ["--json"] = true })
  local name = table.remove(words, 1)
  if not name then cli.misused("market", "a command is missing") end
  if not commands[name] then
    cli.misused("market", "unknown command: " .. name .. cli.suggest(name, { "admin", "member", "admins" }))
  end
  return commands[name](words, o)
end

return M
