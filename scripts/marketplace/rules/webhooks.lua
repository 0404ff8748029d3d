-- scripts/marketplace/rules/webhooks.lua -- what endpoints of actors are told, where they may be, and when what they do
-- not take comes again.  The states are the database's, too (migrations/2120_webhooks.sql).  Pure.
--% version: 1

local DAY_S = 86400

local M = {
  endpoints = 20,                  -- of an actor
  secret_least = 16,               -- characters of a secret that is given
  secret_most = 200,
  rotate_s = DAY_S,                -- in which the secret before signs, too
  waits_s = { 0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 }, -- before each try
  wait_most_s = DAY_S,             -- that a receiver may ask for
  failing_s = 5 * DAY_S,           -- without a success, after which an endpoint is disabled
  timeout_s = 15,                  -- of a try
  probe_s = 5,                     -- of the first try of an endpoint, whose owner has one such at a time
  quick_s = 2,                     -- an endpoint that needs longer is a slow one
  turn_s = 2,                      -- for which a quick endpoint is worked on before others have their turn
  at_once_fast = 5,                -- tries of an endpoint at a time
  at_once_slow = 1,
  body_bytes = 20000,
  answer_bytes = 65536,            -- that are read of an answer; what it says is not kept
  kept_ms = 30 * DAY_S * 1000,     -- for which deliveries can be looked at, and sent again
  replayed = 1000,                 -- deliveries that one request sends again
}

M.EVENTS = {
  "transaction.created", "transaction.assigned", "transaction.delivered", "transaction.accepted",
  "transaction.disputed", "bid.received", "bid.accepted", "bid.rejected", "bid.countered", "subscription.created",
  "subscription.canceled", "tool.usage_overage", "tool.sla_breach", "reputation.updated", "budget.exhausted",
  "budget.delegation_created", "milestone.delivered", "milestone.accepted",
}

local function edge(from, event, to) return { from = from, event = event, to = to } end

M.webhook = { edge("active", "disable", "disabled"), edge("disabled", "enable", "active") }
M.webhook_delivery = {
  edge("pending", "succeed", "delivered"), edge("pending", "give_up", "failed"),
  edge("delivered", "replay", "pending"), edge("failed", "replay", "pending"),
}

M.returns = {
  endpoints = "integer 1..1000", secret_least = "integer 16..64", secret_most = "integer 64..1000",
  rotate_s = "integer 0..604800", waits_s = "integer[]", wait_most_s = "integer 1..604800",
  failing_s = "integer 3600..2592000", timeout_s = "integer 1..30", probe_s = "integer 1..30",
  quick_s = "integer 1..30", turn_s = "integer 0..20", at_once_fast = "integer 1..5", at_once_slow = "integer 1..5",
  body_bytes = "integer 1000..20479", answer_bytes = "integer 1024..1048576",
  kept_ms = "integer 3600000..31536000000", replayed = "integer 1..10000",
  address = { is_safe = "boolean" }, unknown = "string[]", wants = "boolean", is_event = "boolean",
  outcome = { state = { "delivered", "pending", "failed" }, wait_s = "integer?" },
  endpoint = { failures = "integer", is_fast = "boolean", disable = "string?" },
}

local IS_EVENT = {}
for _, name in ipairs(M.EVENTS) do IS_EVENT[name] = true end

local PORTS = { [""] = true, ["443"] = true, ["8443"] = true }
local INSIDE = { ["local"] = true, localhost = true, internal = true, lan = true, home = true, arpa = true,
                 test = true, invalid = true, onion = true }

local function is_name(host)
  if #host > 253 or host:find "[^%w.-]" or host:find("..", 1, true) then return false end
  local top = host:match "%.(%a[%w-]*)$"
  return top ~= nil and not INSIDE[top:lower()] and not host:find "^[.-]"
end

--- May an endpoint be at this address?  Where its name leads is judged again at each delivery.
--- facts: url, is_open (the operator has opened this for tests: any host and port, and without TLS).
function M.address(facts)
  local url = facts.url
  if #url > 2048 or url:find "[%c%s\127-\255\"<>\\^`{}|]" then return { is_safe = false } end
  local scheme, authority = url:match "^(%a+)://([^/?#]+)"
  scheme = scheme and scheme:lower()
  if not scheme or authority:find("@", 1, true) then return { is_safe = false } end
  if facts.is_open then return { is_safe = scheme == "https" or scheme == "http" } end
  local host, port = authority:match "^([^:]*):(%d*)$"
  return { is_safe = scheme == "https" and PORTS[port or ""] == true and is_name(host or authority) }
end

function M.is_event(name) return IS_EVENT[name] == true end

--- Which of these are no events that an endpoint may ask for.
function M.unknown(names)
  local out = {}
  for _, name in ipairs(names) do
    if name ~= "*" and not IS_EVENT[name] then out[#out + 1] = name end
  end
  return out
end

--- Has an endpoint asked for this event?  facts: events (what it has asked for), name.
function M.wants(facts)
  if not IS_EVENT[facts.name] then return false end
  for _, name in ipairs(facts.events) do
    if name == "*" or name == facts.name then return true end
  end
  return false
end

-- Answers by which a receiver may say when to come again.
local MAY_ASK = { [429] = true, [502] = true, [503] = true, [504] = true }

--- What becomes of a delivery.  facts: status (0: there was no answer), attempt (the number of the try), retry_after_s.
--- wait_s: without the jitter.
function M.outcome(facts)
  if facts.status >= 200 and facts.status < 300 then return { state = "delivered" } end
  local wait_s = M.waits_s[facts.attempt + 1]
  if not wait_s or facts.status == 410 then return { state = "failed" } end
  local asked = MAY_ASK[facts.status] and facts.retry_after_s or 0
  return { state = "pending", wait_s = math.max(wait_s, math.min(math.ceil(asked), M.wait_most_s)) }
end

--- What becomes of an endpoint after some tries.  facts: failures, failing_s (how long no try has succeeded before
--- these), tries, delivered, is_gone (one was answered 410), slowest_s.
function M.endpoint(facts)
  local is_well = facts.delivered > 0
  local failures = is_well and 0 or facts.failures + facts.tries
  local disable = facts.is_gone and "gone" or not is_well and facts.failing_s >= M.failing_s and "failing" or nil
  return { failures = failures, disable = disable,
           is_fast = facts.delivered == facts.tries and facts.slowest_s <= M.quick_s }
end

local function at(url, is_safe, is_open)
  return { "address", { url = url, is_open = is_open or false }, expect = { is_safe = is_safe } }
end

local function tried(status, attempt, state, wait_s, retry_after_s)
  return { "outcome", { status = status, attempt = attempt, retry_after_s = retry_after_s },
           expect = { state = state, wait_s = wait_s } }
end

local function left(facts, failures, is_fast, disable)
  return { "endpoint", facts, expect = { failures = failures, is_fast = is_fast, disable = disable } }
end

M.examples = {
  at("https://myagent.example.com/webhooks/humai", true), at("https://a.example:8443/x?y=1", true),
  at("HTTPS://A.example", true), at("http://a.example/", false), at("https://a.example:80/", false),
  at("https://a.example:/", true), at("https://user:pass@a.example/", false), at("https://127.0.0.1/", false),
  at("https://2130706433/", false), at("https://0x7f000001/", false), at("https://127.1/", false),
  at("https://10.0.0.0x1/", false), at("https://[::1]/", false), at("https://localhost/", false),
  at("https://printer.local/", false), at("https://metadata.google.internal/", false), at("https://a..example/", false),
  at("https://a.example\\@10.0.0.1/", false), at("https://${secret:x}.example/", false), at("file:///x", false),
  at("http://127.0.0.2:8080/x", true, true), at("gopher://127.0.0.2/x", false, true),
  { "unknown", { "bid.received", "bid.made", "*" }, expect = { "bid.made" } },
  { "wants", { events = { "*" }, name = "bid.received" }, expect = true },
  { "wants", { events = { "*" }, name = "message.received" }, expect = false },
  { "wants", { events = { "bid.accepted" }, name = "bid.received" }, expect = false },
  { "is_event", "tool.sla_breach", expect = true },
  tried(200, 1, "delivered"), tried(204, 7, "delivered"), tried(0, 1, "pending", 5), tried(500, 2, "pending", 300),
  tried(301, 3, "pending", 1800), tried(404, 4, "pending", 7200), tried(500, 5, "pending", 18000),
  tried(500, 6, "pending", 36000), tried(500, 7, "pending", 50400), tried(500, 8, "pending", 72000),
  tried(500, 9, "pending", 86400), tried(500, 10, "failed"), tried(410, 1, "failed"),
  tried(429, 1, "pending", 90, 90), tried(504, 2, "pending", 300, 10), tried(503, 1, "pending", 86400, 1e9),
  tried(500, 1, "pending", 5, 90),
  left({ failures = 0, failing_s = 0, tries = 1, delivered = 1, slowest_s = 0.1 }, 0, true),
  left({ failures = 3, failing_s = 600000, tries = 2, delivered = 1, slowest_s = 0.1 }, 0, false),
  left({ failures = 0, failing_s = 0, tries = 1, delivered = 1, slowest_s = 3 }, 0, false),
  left({ failures = 3, failing_s = 431999, tries = 1, delivered = 0, slowest_s = 15 }, 4, false),
  left({ failures = 9, failing_s = 432000, tries = 1, delivered = 0, slowest_s = 15 }, 10, false, "failing"),
  left({ failures = 0, failing_s = 0, tries = 2, delivered = 1, slowest_s = 1, is_gone = true }, 0, false, "gone"),
}

return M
