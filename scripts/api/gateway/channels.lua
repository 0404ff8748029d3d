-- scripts/api/gateway/channels.lua -- the state of channels, and who may talk through them.

local s = require "human.schema"
local channel = require "gateway.channel"
local people = require "gateway.channel.people"
local status = require "gateway.channel.status"
local surface = require "api.gateway.surface"
require "gateway.channel.inbox"
require "gateway.channel.poll"

local M = {}
if not surface.on then return M end

local g = surface.group "Channels"
local text, seconds = s.string:optional(), s.int:optional():describe "Unix time"
local name, account = s.string { min = 1, max = 32 }, s.string { min = 1, max = 32 }:default(channel.MAIN)
local person = s.string { min = 1, max = 200 }

local Channel = s.object {
  { "key", s.string }, { "name", s.string }, { "label", s.string }, { "account", s.string },
  { "build_enabled", s.bool }, { "configured", s.bool }, { "missing", text:describe "a setting" },
  { "status", s.enum { "active", "error", "unconfigured", "disabled" } }, { "healthy", s.bool },
  { "error", text:describe "what went wrong last, if nothing has worked since" }, { "last_active", s.int },
  { "bot", text:describe "who it is there" }, { "mode", text },
  { "last_in", seconds:describe "the last message that was verified" }, { "last_in_error", text },
  { "last_in_error_at", seconds }, { "last_out", seconds }, { "last_out_error", text },
  { "last_out_error_at", seconds },
}

g:rpc("channels.status", {
  summary = "How the channels are: of each side the last that worked, and the last error", roles = surface.READERS,
  result = { channels = s.array(Channel) },
}, function() return { channels = status.list() } end)

g:event("channel.failed", {
  summary = "A message to a chat was given up",
  payload = { channel = s.string, account = s.string, chat = s.string, message = s.string },
})

g:rpc("channels.probe", {
  summary = "Ask the vendor whether the account works", roles = surface.OPERATOR,
  params = { channel = name, account = account }, result = { ok = s.bool, bot = text, why = text },
}, function(_, p) return status.probe(p.channel, p.account) end)

g:rpc("channels.webhook", {
  summary = "Have the vendor call an address; without one, none", roles = surface.OPERATOR,
  params = { channel = name, account = account, url = s.url:optional() }, result = { set = s.bool },
  errors = { "channel_refused" },
}, function(ctx, p)
  local done, why = status.webhook(p.channel, p.account, p.url)
  if not done then ctx:fail("channel_refused", { message = why }) end
  return { set = p.url ~= nil }
end)

-- ---- people ------------------------------------------------------------------------------------------------

local Person = s.object {
  { "channel", s.string }, { "account", s.string }, { "person", s.string }, { "name", s.string },
  { "state", s.enum { "asked", "allowed", "blocked" } }, { "code", text }, { "asked_at", s.time },
  { "decided_at", s.time:optional() },
}

g:rpc("channels.people", {
  summary = "Who has asked to talk, and who may", roles = surface.OPERATOR,
  params = { channel = name:optional() }, result = { people = s.array(Person) }, errors = { "channel_refused" },
}, function(ctx, p)
  if p.channel and not channel.get(p.channel) then
    ctx:fail("channel_refused", { message = channel.unknown(p.channel) })
  end
  return { people = people.list(p.channel) }
end)

g:rpc("channels.approve", {
  summary = "Let somebody talk who was sent this code, or refuse it for good", roles = surface.OPERATOR,
  params = { code = s.string { min = 1, max = 20 }, allow = s.bool:default(true) },
  result = { channel = s.string, person = s.string, name = s.string, allowed = s.bool }, errors = { "code_not_found" },
}, function(ctx, p)
  local row = people.decide(p.code, p.allow)
  if not row then ctx:fail "code_not_found" end
  return { channel = row.channel, person = row.person, name = row.name, allowed = p.allow }
end)

g:rpc("channels.allow", {
  summary = "Let somebody talk by id, or refuse it; allow null: as if nobody had decided", roles = surface.OPERATOR,
  params = { channel = name, account = account, person = person, allow = s.bool:nullable():default(true) },
  result = { done = s.bool }, errors = { "channel_refused" },
}, function(ctx, p)
  if type(p.allow) ~= "boolean" then return { done = people.remove(p.channel, p.account, p.person) } end
  local why = channel.absent(p.channel, p.account) or p.allow and people.refusal(p.channel, p.person)
  if why then ctx:fail("channel_refused", { message = why }) end
  people.set(p.channel, p.account, p.person, p.allow)
  return { done = true }
end)

return M
