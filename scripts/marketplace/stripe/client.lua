-- scripts/marketplace/stripe/client.lua -- one request to Stripe: form-encoded, with the version of the API that
-- this was written for, and the secret key, which the host fills in.

local config = require "human.config"
local fetch = require "human.fetch"
local json = require "human.json"
local metrics = require "human.metrics"

local M = { VERSION = "2026-10-28.endive" }

local TIMEOUT_S, BYTES_MAX, DEPTH_MAX = 30, 4 * 1024 * 1024, 4

metrics.describe("human_market_stripe_requests_total", "Requests to Stripe, by what came of them")

local function escaped(text)
  return (tostring(text):gsub("[^%w%-_%.~%[%]]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function encode(out, name, value, depth)
  if type(value) ~= "table" then
    out[#out + 1] = escaped(name) .. "=" .. escaped(value)
    return
  end
  if depth > DEPTH_MAX then error("nested too deeply: " .. name, 0) end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    local at = type(key) == "number" and key - 1 or key
    encode(out, name and ("%s[%s]"):format(name, at) or at, value[key], depth + 1)
  end
end

--- A table as Stripe's forms have it: {metadata = {a = 1}, expand = {"x"}} as "expand[0]=x&metadata[a]=1".
function M.form(params)
  local out = {}
  encode(out, nil, params, 0)
  return table.concat(out, "&")
end

local function headers_of(o)
  return {
    authorization = "Bearer ${secret:marketplace.stripe.key}", ["Stripe-Version"] = M.VERSION,
    accept = "application/json", ["content-type"] = o.method == "POST" and "application/x-www-form-urlencoded" or nil,
    ["Idempotency-Key"] = o.key, ["Stripe-Account"] = o.account,
  }
end

-- What is null is not there.
local function plain(value, depth)
  if type(value) ~= "table" or depth > 20 then return value end
  for key, v in pairs(value) do
    if v == json.null then value[key] = nil else plain(v, depth + 1) end
  end
  return value
end

-- Codes of 4xx after which the same may succeed later.
local PASSING = { balance_insufficient = true, lock_timeout = true, rate_limit = true,
                  idempotency_key_in_use = true }

-- What an answer that is no object means: {is_passing: ask again, code, decline_code, message, status,
-- is_kept_failure}.
local function refusal(status, found, headers)
  local e = type(found) == "table" and type(found.error) == "table" and found.error or {}
  local code = e.code or e.type or "http_" .. status
  return { status = status, code = code, decline_code = e.decline_code, message = e.message,
           is_kept_failure = status >= 500 and headers["idempotent-replayed"] == "true",
           is_passing = status >= 500 or status == 409 or status == 429 or status == 401 or status == 403
             or PASSING[code] == true }
end

--- Asks Stripe.  o: {method, path = "/v1/..", params, key (of what is to be done once), account (whose it is, if not
--- ours)}.  Returns the object; or nil and {is_passing (true: nobody knows what has happened, or it may succeed later:
--- ask again with the same key), code, decline_code, message, status, is_kept_failure
--- (Stripe repeats it for as long as it remembers the key)}.
function M.ask(o)
  local form = o.params and M.form(o.params) or ""
  local is_post = o.method == "POST"
  local url = config.marketplace.stripe.api_base .. o.path .. (not is_post and form ~= "" and "?" .. form or "")
  local answer, err = fetch { url = url, method = o.method, headers = headers_of(o), body = is_post and form or nil,
                              timeout_s = TIMEOUT_S, max_bytes = BYTES_MAX }
  if not answer then
    metrics.add("human_market_stripe_requests_total", 1, { result = err.code })
    return nil, { is_passing = true, code = err.code, message = err.message }
  end
  metrics.add("human_market_stripe_requests_total", 1, { result = tostring(answer.status) })
  local ok, found = pcall(json.decode, answer.body)
  if ok then plain(found, 0) end
  if answer.status == 200 and ok and type(found) == "table" then return found end
  if answer.status == 200 then return nil, { is_passing = true, code = "not_json", status = 200 } end
  return nil, refusal(answer.status, ok and found or nil, answer.headers)
end

--- The same for what is only read.
function M.get(path, params, account)
  return M.ask { method = "GET", path = path, params = params, account = account }
end

return M
