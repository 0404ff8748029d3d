-- scripts/gateway/channel/net.lua -- requests to vendors, and the tokens that some want for them.
-- A token that expires is kept by each worker (human.state), not in the database.

local fetch = require "human.fetch"
local json = require "human.json"
local state = require "human.state"
local task = require "human.task"
local time = require "human.time"
local channel = require "gateway.channel"
local store = require "gateway.channel.store"

local M = {}

local TIMEOUT_S, ANSWER_BYTES = 20, 1048576
local EARLY_S = 120                              -- before a token ends
local ME_MS = 24 * 3600 * 1000
local READ_S, SILENT_S = 2, 30                   -- vendors wait three seconds for the answer to a webhook

--- One request: {status, headers, body, json}; or nil and a reason for people.  Awaits.
function M.ask(request, timeout_s)
  local headers, body = {}, request.body
  for name, value in pairs(request.headers or {}) do headers[name] = value end
  if request.json ~= nil then
    body, headers["Content-Type"] = json.encode(request.json), headers["Content-Type"] or "application/json"
  end
  local response, err = fetch {
    url = request.url, method = request.method, headers = headers, body = body, form = request.form,
    body_secrets = request.body_secrets,
    timeout_s = timeout_s or TIMEOUT_S, max_bytes = ANSWER_BYTES,
  }
  if not response then return nil, err.message end
  response.json = response.body ~= "" and json.decode(response.body) or nil
  return response
end

--- The token of an account whose channel has `login`: nil where it has none; false and a reason where it got none.
function M.token(c, account, renew)
  if not c.login then return nil end
  local kept, key = state.table "gateway.channel_tokens", account.channel .. " " .. account.name
  local now_s = time.now_ms() / 1000
  if kept[key] and not renew and kept[key].until_s > now_s then return kept[key].token end
  local login = c.login(account)
  if not login then return nil end
  local response, why = M.ask(login)
  if not response then return false, why end
  local token, told = c.logged_in(response)
  if not token then return false, told end
  kept[key] = { token = token, until_s = now_s + math.max(10, (told or 3600) - EARLY_S) }
  return token
end

--- Asks the vendor how the account is: who the bot is there; or nil and a reason for people.  seconds: for its answer
--- (20).  Awaits.
function M.probe(c, account, seconds)
  if c.me and c.me(account) then return c.me(account) end
  if not c.health then return {} end
  local token, why = M.token(c, account)
  if token == false then return nil, why end
  local health = c.health(account, token)
  if not health then return {} end
  local response, failed = M.ask(health, seconds)
  if not response then return nil, failed end
  local me, told = c.healthy(response)
  if me then store.keep_me(account, me) end
  return me, told
end

--- Who the bot is there, as it is known: {id, handle, name}; or nil and a reason.  Awaits.
function M.me(c, account)
  local own = c.me and c.me(account)
  if own then return own end
  local row = store.row(account)
  local fresh = row.me and row.me_at and time.now_ms() - time.parse(row.me_at) < ME_MS
  if fresh then return row.me end
  local me, why = M.probe(c, account)
  return me or row.me, why
end

-- When an account's vendor did not say it last; of this worker.
local silent = {}

--- Who the bot is there, for reading a message; the vendor is asked where nothing is known yet, which is before the
--- first message after a channel was set up.  Nil: it does not say so now.  Awaits.
function M.me_to_read(c, account)
  local me = c.me and c.me(account) or store.row(account).me
  if me then return me end
  local key, now = account.channel .. " " .. account.name, task.clock()
  if silent[key] and now - silent[key] < SILENT_S then return nil end
  me = M.probe(c, account, READ_S)
  silent[key] = not me and now or nil
  return me
end

--- The channel and its account, with `me` where it is known without asking; or nil, nil and why not.
function M.account(name, account_name)
  local c, account, why = channel.account(name, account_name)
  if not c then return nil, nil, why end
  account.me = c.me and c.me(account) or store.row(account).me
  return c, account
end

return M
