-- scripts/gateway/channel/status.lua -- the state of channels, for those who show it, and what an operator can do
-- about it.

local json = require "human.json"
local time = require "human.time"
local channel = require "gateway.channel"
local net = require "gateway.channel.net"
local store = require "gateway.channel.store"

local M = {}

-- Those of the seed, whose files may be missing.
M.SEED = { { "telegram", "Telegram" }, { "discord", "Discord" }, { "slack", "Slack" }, { "whatsapp", "WhatsApp" },
           { "line", "LINE" }, { "lark", "Lark" } }

local function unix(text) return text and math.floor(time.parse(text) / 1000) or nil end

-- Whoever sends something unsigned does not make a channel ill that has worked.
local REFUSALS = { no_signature = true, bad_signature = true, too_old = true, not_configured = true }

-- What went wrong on a side, if nothing has worked since.
local function trouble(row, side)
  local at, bad = row[side .. "_at"], row[side .. "_error_at"]
  if not bad or at and time.parse(at) >= time.parse(bad) then return nil end
  if at and REFUSALS[row[side .. "_error"]:match "^[%w_]+"] then return nil end
  return row[side .. "_error"]
end

local function word(account, missing, why)
  if not account.enabled then return "disabled" end
  if missing then return "unconfigured" end
  return why and "error" or "active"
end

local function shown(c, account, row)
  local missing = channel.missing(c, account)
  local why = trouble(row, "in") or trouble(row, "out")
  local key = account.name == channel.MAIN and c.name or c.name .. ":" .. account.name
  return {
    key = key, name = c.name, label = c.label, account = account.name, build_enabled = true,
    configured = missing == nil, missing = missing, status = word(account, missing, why),
    healthy = account.enabled and not missing and why == nil, error = not missing and why or nil,
    last_active = math.max(unix(row.in_at) or 0, unix(row.out_at) or 0),
    bot = row.me and (row.me.handle or row.me.name) or nil, mode = account.mode,
    last_in = unix(row.in_at), last_in_error = row.in_error, last_in_error_at = unix(row.in_error_at),
    last_out = unix(row.out_at), last_out_error = row.out_error, last_out_error_at = unix(row.out_error_at),
  }
end

local function absent(seed)
  return { key = seed[1], name = seed[1], label = seed[2], account = channel.MAIN, build_enabled = false,
           configured = false, status = "unconfigured", healthy = false, last_active = 0 }
end

--- All accounts of all channels, those of the seed first.
function M.list()
  local rows, list, done = store.rows(), json.array {}, {}
  local function add(c)
    for _, account in ipairs(channel.accounts(c)) do
      list[#list + 1] = shown(c, account, rows[c.name .. " " .. account.name] or {})
    end
    done[c.name] = true
  end
  for _, seed in ipairs(M.SEED) do
    local c = channel.get(seed[1])
    if c then add(c) else list[#list + 1] = absent(seed) end
  end
  for _, c in ipairs(channel.list()) do
    if not done[c.name] then add(c) end
  end
  return list
end

--- How many channels work as they are configured, and their names.
function M.names()
  local names = json.array {}
  for _, one in ipairs(M.list()) do
    if one.configured and one.status ~= "disabled" then names[#names + 1] = one.key end
  end
  return names
end

--- Asks the vendor: {ok = true, bot}; or {ok = false, why}.  Awaits.
function M.probe(name, account_name)
  local c, account, why = channel.account(name, account_name)
  if not c then return { ok = false, why = why } end
  local me, failed = net.probe(c, account)
  if not me then
    store.note(account, "out", failed)
    return { ok = false, why = failed }
  end
  store.note(account, "out")
  return { ok = true, bot = me.handle or me.name }
end

--- Has the vendor call this address (https), or none.  True; or nil and why not.  Awaits.
function M.webhook(name, account_name, address)
  local c, account, why = channel.account(name, account_name)
  if not c then return nil, why end
  if not c.webhook then return nil, c.label .. " is told the address on the vendor's own pages: docs/channels.md" end
  local request, wrong = c.webhook(account, address)
  if not request then return nil, wrong end
  local response, failed = net.ask(request)
  if not response then return nil, failed end
  return c.webhook_set(response)
end

return M
