-- scripts/api/gateway/channels.lua -- the state of channels, and who may talk through them.

local json = require "human.json"
local s = require "human.schema"
local channel = require "gateway.channel"
local news = require "gateway.news"
local people = require "gateway.channel.people"
local requests = require "gateway.channel.requests"
local status = require "gateway.channel.status"
local trial = require "gateway.channel.trial"
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

g:event("channel.changed", {
  summary = "A vendor has sent a request, or somebody has asked to talk or was decided about: ask again",
  payload = { channel = s.string, what = s.enum { "request", "people" } },
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

-- ---- the webhook ---------------------------------------------------------------------------------------------

local Step = s.object {
  { "account", text }, { "what", s.enum(requests.STEPS) },
  { "ok", s.bool }, { "text", s.string:describe "why not" },
}
local Request = s.object {
  { "id", s.int }, { "channel", s.string }, { "account", text:describe "that it was for, if it was verified" },
  { "method", s.string }, { "address", s.string:describe "whose it was" },
  { "headers", s.json:describe "those that are looked at; signatures are cut, secrets masked" }, { "query", s.json },
  { "body", s.string:describe "as JSON with secrets masked, cut; empty: it was no JSON" }, { "body_bytes", s.int },
  { "steps", s.array(Step) }, { "status", s.int }, { "reply", s.string }, { "messages", s.int }, { "took_ms", s.int },
  { "received_at", s.time },
}

g:rpc("channels.requests", {
  summary = "The last requests to the webhook of a channel, newest first: how each was verified, step by step, and our "
    .. "reply",
  roles = surface.OPERATOR,
  params = { channel = name, before = s.int { min = 1 }:optional():describe "the id of a request: those before it",
             limit = s.int { min = 1, max = 50 }:default(50) },
  result = { requests = s.array(Request) }, errors = { "channel_refused" },
}, function(ctx, p)
  if not channel.get(p.channel) then ctx:fail("channel_refused", { message = channel.unknown(p.channel) }) end
  local list = requests.list(p.channel, p.before, p.limit)
  for _, row in ipairs(list) do
    row.headers, row.query = json.encode_sorted(row.headers), json.encode_sorted(row.query)
  end
  return { requests = list }
end)

g:rpc("channels.test", {
  summary = "Send a text to a chat, and say what the vendor answered within ten seconds", roles = surface.OPERATOR,
  params = { channel = name, account = account, chat = s.string { min = 1, max = 150, trim = true },
             text = s.string { min = 1, max = 1000 } },
  result = { state = s.enum { "waiting", "sending", "sent", "failed" }, why = text }, errors = { "channel_refused" },
  timeout_s = 20,
}, function(ctx, p)
  local done, why = trial.send(p)
  if not done then ctx:fail("channel_refused", { message = why }) end
  return done
end)

-- ---- people ------------------------------------------------------------------------------------------------

local Person = s.object {
  { "channel", s.string }, { "account", s.string }, { "person", s.string }, { "name", s.string },
  { "state", s.enum { "asked", "allowed", "blocked" } }, { "code", text }, { "asked_at", s.time },
  { "decided_at", s.time:optional() },
}

local function decided(channel_name) news.tell("channel.changed", { channel = channel_name, what = "people" }) end

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
  decided(row.channel)
  return { channel = row.channel, person = row.person, name = row.name, allowed = p.allow }
end)

g:rpc("channels.allow", {
  summary = "Let somebody talk by id, or refuse it; allow null: as if nobody had decided", roles = surface.OPERATOR,
  params = { channel = name, account = account, person = person, allow = s.bool:nullable():default(true) },
  result = { done = s.bool }, errors = { "channel_refused" },
}, function(ctx, p)
  if type(p.allow) ~= "boolean" then
    local done = people.remove(p.channel, p.account, p.person)
    decided(p.channel)
    return { done = done }
  end
  local why = channel.absent(p.channel, p.account) or p.allow and people.refusal(p.channel, p.person)
  if why then ctx:fail("channel_refused", { message = why }) end
  people.set(p.channel, p.account, p.person, p.allow)
  decided(p.channel)
  return { done = true }
end)

return M
