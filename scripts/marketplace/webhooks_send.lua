-- scripts/marketplace/webhooks_send.lua -- one signed request to an endpoint, as standardwebhooks.com has it, through
-- the guard of human.fetch: where the name leads is judged when the connection is opened, and no redirect is followed.

local crypto = require "human.crypto"
local fetch = require "human.fetch"
local log = require "human.log"
local task = require "human.task"
local time = require "human.time"
local text = require "human.text"
local hooks = require("standardwebhooks").new(crypto)
local rule = require "marketplace.rules.webhooks"

local M = {}

local ERROR_BYTES = 300

local function context(id) return "market_webhooks.secret " .. id end

--- A new secret.
function M.new_secret() return "whsec_" .. crypto.base64(crypto.unhex(crypto.random_hex(32))) end

--- As it is kept in the row of this endpoint.
function M.seal(id, secret) return crypto.seal(secret, context(id)) end

--- The secrets that sign for an endpoint: {id, secret, old_secret (nil: none that still does)}; or nil and why not.
function M.secrets(hook)
  local list = {}
  for _, sealed in ipairs { hook.secret, hook.old_secret } do
    local opened, why = crypto.open(sealed, context(hook.id))
    if not opened then return nil, "its secret cannot be opened on this host: " .. why end
    list[#list + 1] = opened
  end
  return list
end

local MONTHS = {}
for name in ("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"):gmatch "%a+" do
  MONTHS[#MONTHS + 1], MONTHS[name] = name, ("%02d"):format(#MONTHS + 1)
end

-- Milliseconds of "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), or nil.
local function http_date(value)
  local day, month, year, clock = value:match "^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT$"
  return MONTHS[month] and time.parse(("%s-%s-%sT%sZ"):format(year, MONTHS[month], day, clock))
end

--- Seconds that a receiver asks for by Retry-After (its value, or nil), a number or a date; or nil.
function M.retry_after(value)
  if not value or #value > 40 then return nil end
  if value:find "^%d+$" then return math.min(tonumber(value), rule.wait_most_s) end
  local at = http_date(value)
  return at and math.max(0, math.min((at - time.now_ms()) / 1000, rule.wait_most_s))
end

local function failed(status, why, latency_s)
  return { status = status, error = text.cut(log.mask(why), ERROR_BYTES), latency_s = latency_s }
end

--- Sends it once.  message: {id, body}; timeout_s: for all of it.  Returns {status (0: there was no answer), error
--- (nil: it was taken), latency_s, retry_after_s}.  Of what a receiver answers only its status and when to come again
--- are looked at, however long the rest is.
function M.send(hook, secrets, message, timeout_s)
  local headers = hooks:sign(message.id, math.floor(time.now_ms() / 1000), message.body, secrets)
  headers["content-type"] = "application/json"
  local begun = task.clock()
  local answer, err = fetch { url = hook.url, method = "POST", headers = headers, body = message.body, guard = true,
                              timeout_s = timeout_s, max_bytes = rule.answer_bytes,
                              on_chunk = function() return false end }
  local latency_s = task.clock() - begun
  if not answer and err.status then answer = err end
  if not answer then return failed(0, err.message, latency_s) end
  if answer.status >= 200 and answer.status < 300 then return { status = answer.status, latency_s = latency_s } end
  local out = failed(answer.status, "it answered " .. answer.status, latency_s)
  out.retry_after_s = M.retry_after(answer.headers["retry-after"])
  return out
end

return M
