-- host/lua/cli/sessions.lua -- `human sessions`: the conversations of the gateway, what was said in one, and its end.

local cli = require "human.cli.words"
local remote = require "human.cli.remote"

local M = {}
local LIMIT, LIMIT_MAX = 100, 1000

local COLUMNS = {
  { "KEY", "key" }, { "LABEL", "label" }, { "LAST", function(row) return remote.when(row.last_active) end },
  { "TURNS", "turn_count" }, { "RUNS", "running" }, { "LAST MESSAGE", "last_message" },
}

local function limit_of(o)
  local n = tonumber(o.limit or LIMIT)
  if not n or n < 1 or n > LIMIT_MAX or n % 1 ~= 0 then
    cli.misused("sessions", "--limit is a number of 1 to " .. LIMIT_MAX)
  end
  return n
end

local function list(o)
  local value = remote.call("sessions.list", { limit = limit_of(o), archived = o.archived or nil })
  return remote.list(value, "sessions", o, COLUMNS, "Nobody has said anything yet.")
end

local function is_there(key)
  for _, one in ipairs(remote.call("sessions.list", { limit = LIMIT_MAX, archived = true }).sessions) do
    if one.key == key then return true end
  end
  return false
end

local function show(o, key)
  local value = remote.call("chat.history", { sessionKey = key, limit = limit_of(o) })
  if not value.messages[1] and not is_there(key) then
    cli.stop(remote.reason { code = "NOT_FOUND", message = "There is no such session" })
  end
  return remote.show(value, o, function()
    local out = {}
    for _, m in ipairs(value.messages) do
      out[#out + 1] = ("%s  %s: %s"):format(remote.when(m.ts), m.role, m.content)
      for _, call in ipairs(m.tool_calls or {}) do
        out[#out + 1] = ("    %s %s (%s)"):format(call.name, call.arguments, call.status)
      end
    end
    return out[1] and out or { "Nothing was said in it." }
  end)
end

local function delete(o, key)
  return remote.show(remote.call("sessions.delete", { key = key }), o, "Deleted, with all that was said in it.")
end

M.run = remote.command("sessions", { ["--limit"] = "N", ["--archived"] = true }, {
  list = { run = list }, show = { words = { "KEY" }, run = show }, delete = { words = { "KEY" }, run = delete },
}, "list", { see = "sessions", says = { sessionKey = "KEY", key = "KEY" } })

return M
