-- scripts/gateway/channel/requests.lua -- the last webhooks of each channel, for who sets one up: headers, verification
-- step by step, and our reply.  It is bounded, in rows and in rows a second, since strangers cause them; and no secret
-- is kept: signatures are cut, and what is named like a secret is masked.

local db = require "human.db"
local json = require "human.json"
local log = require "human.log"
local state = require "human.state"
local task = require "human.task"
local texts = require "human.text"
local news = require "gateway.news"
local valid = require("agent.texts").valid

local M = {}

M.STEPS = { "configured", "challenge", "x-signature", "vendor", "unsigned", "understood" }

local KEPT = 50                                  -- limit: channel requests
local PER_S = 5                                  -- of a worker
local BODY, REPLY, VALUE = 4000, 1000, 200
local SIGNATURE = 8                              -- characters of one that are shown

M.sql = {
  add = [[insert into channel_requests (channel, account, method, address, headers, query, body, body_bytes, steps,
      status, reply, messages, took_ms)
    values ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8::int, $9::jsonb, $10::int, $11, $12::int, $13::int)]],
  trim = ([[delete from channel_requests where channel = $1 and id <= (select id from channel_requests
    where channel = $1 order by id desc offset %d limit 1)]]):format(KEPT),
  list = [[select id, channel, account, method, address, headers::text as headers, query::text as query, body,
      body_bytes, steps::text as steps, status, reply, messages, took_ms, received_at from channel_requests
    where channel = $1 and ($2::bigint is null or id < $2) order by id desc limit $3::int]],
}

-- Whether this worker may write one down now.
local function may_keep()
  local kept, now = state.table "gateway.channel_requests", math.floor(task.clock())
  if kept.second ~= now then kept.second, kept.n = now, 0 end
  kept.n = kept.n + 1
  return kept.n <= PER_S
end

local function clean(text, max) return texts.cut(log.mask(valid(text)), max) end

local function of_header(name, value)
  if log.mask(value, name) ~= value then return log.mask(value, name) end
  if name:find "signature" then return texts.cut(valid(value), SIGNATURE) .. "…" end
  return clean(value, VALUE)
end

-- Of JSON, what is named like a secret is masked; of anything else only the length is kept.
local function of_body(body)
  local value, why = json.decode(body)
  if why or type(value) ~= "table" then return "" end
  return texts.cut(json.encode_sorted(log.redact(value)), BODY)
end

local function masked(list, of)
  local out = {}
  for name, value in pairs(list) do out[clean(tostring(name), 60)] = of(tostring(name):lower(), tostring(value)) end
  return json.encode_sorted(out)
end

--- Adds a step to those of a request that is being verified. ok: true, false, or nil: it was left out.
function M.step(request, account, what, ok, text)
  local steps = request.steps
  if steps and #steps < 40 then
    steps[#steps + 1] = { account = account and account.name, what = what, ok = ok, text = text }
  end
end

local function write(c, request, answer, took_ms)
  local ok, err = pcall(function()
    db.exec(M.sql.add, c.name, request.account, request.method, texts.cut(request.address or "", 64),
      masked(request.headers, of_header), masked(request.query, of_header), of_body(request.body), #request.body,
      json.encode(json.array(request.steps)), answer.status, clean(answer.body or "", REPLY), request.messages or 0,
      took_ms)
    db.exec(M.sql.trim, c.name)
    news.tell("channel.changed", { channel = c.name, what = "request" })
  end)
  if not ok and tostring(err) == "canceled" then error(err, 0) end
  if not ok then log.debug("a webhook was not kept", { error = tostring(err) }) end
end

--- Keeps a request of a channel with what it is answered: {status, body}.  Never fails; it is written when the vendor
--- has its answer.
function M.keep(c, request, answer)
  if not request.steps or not may_keep() then return end
  local took_ms = math.max(0, math.floor((task.clock() - request.began) * 1000))
  news.after_answer(write, c, request, answer, took_ms)
end

--- The newest of a channel, before the one of this number: {{id, channel, ..}, ..}.
function M.list(name, before, limit)
  local list = json.array {}
  for i, row in ipairs(db.query(M.sql.list, name, before, limit)) do
    row.headers, row.query, row.steps = json.decode(row.headers), json.decode(row.query), json.decode(row.steps)
    list[i] = row
  end
  return list
end

return M
