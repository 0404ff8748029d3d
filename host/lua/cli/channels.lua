-- host/lua/cli/channels.lua -- `human channels`: how they are, and who may talk by them.

local json = require "human.json"
local remote = require "human.cli.remote"

local M = {}

local COLUMNS = {
  { "CHANNEL", "key" }, { "STATUS", "status" }, { "BOT", "bot" },
  { "LAST IN", function(row) return remote.when(row.last_in) end },
  { "LAST OUT", function(row) return remote.when(row.last_out) end },
  { "WHAT IS WRONG", function(row) return row.error or row.missing and row.missing .. " is not set" end },
}

local PEOPLE = {
  { "CHANNEL", function(row) return row.account == "main" and row.channel or row.channel .. ":" .. row.account end },
  { "ID", "person" }, { "NAME", "name" }, { "STATE", "state" }, { "CODE", "code" },
  { "ASKED", function(row) return remote.when(row.asked_at) end },
}

-- "telegram:work" is an account of a channel.
local function place(name, more)
  local params = more or {}
  params.channel, params.account = name:match "^([^:]*):(.+)$"
  params.channel = params.channel or name
  return params
end

local function status(o)
  return remote.list(remote.call "channels.status", "channels", o, COLUMNS, "There is no channel.")
end

local function people(o, channel)
  local found = remote.call("channels.people", { channel = channel })
  return remote.list(found, "people", o, PEOPLE, "Nobody has asked yet.")
end

local function decide(allow, sentence)
  return function(o, code)
    local done = remote.call("channels.approve", { code = code, allow = allow })
    return remote.show(done, o, ("%s (%s, %s) %s."):format(done.name ~= "" and done.name or "Somebody", done.channel,
      done.person, sentence))
  end
end

local function by_id(allow, sentence)
  return function(o, channel, person)
    local done = remote.call("channels.allow", place(channel, { person = person, allow = allow }))
    return remote.show(done, o, person .. " " .. sentence .. ".")
  end
end

local function probe(o, channel)
  local answer = remote.call("channels.probe", place(channel))
  remote.show(answer, o, answer.ok and "It works" .. (answer.bot and ": the bot is " .. answer.bot or "") .. "."
    or "It does not work: " .. answer.why)
  return answer.ok and 0 or 1
end

local function webhook(o, channel, url)
  if not url and not o.remove then
    require("human.cli.words").misused("channels", "URL is missing (or --remove)")
  end
  local done = remote.call("channels.webhook", place(channel, { url = not o.remove and url or nil }))
  return remote.show(done, o, done.set and "It sends its messages there now." or "It sends its messages nowhere now.")
end

M.run = remote.command("channels", { ["--remove"] = true }, {
  list = { run = status }, people = { words = { "CHANNEL" }, least = 0, run = people },
  approve = { words = { "CODE" }, run = decide(true, "may talk now") },
  deny = { words = { "CODE" }, run = decide(false, "may not talk, and cannot ask again") },
  allow = { words = { "CHANNEL", "ID" }, run = by_id(true, "may talk") },
  block = { words = { "CHANNEL", "ID" }, run = by_id(false, "may not talk") },
  forget = { words = { "CHANNEL", "ID" }, run = by_id(json.null, "is a stranger again") },
  probe = { words = { "CHANNEL" }, run = probe },
  webhook = { words = { "CHANNEL", "URL" }, least = 1, run = webhook },
}, "list", { see = "channels people", says = { channel = "CHANNEL", account = "CHANNEL", person = "ID", url = "URL",
                                              code = "CODE" } })

return M
