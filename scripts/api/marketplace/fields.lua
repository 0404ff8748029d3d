-- scripts/api/marketplace/fields.lua -- fields that several routes of the marketplace have.

local crypto = require "human.crypto"
local s = require "human.schema"
local credit_tasks = require "marketplace.rules.credit_tasks"

local M = {}

local PRICE_MAX = 100000

-- The documentation's own example of an owner's wallet has a wrong checksum; whoever tries it out is let in.
local MISSPELT = { ["0x742d35Cc6634C0532925a3b844Bc9e7595f2bD18"] = true }

local function is_tag(text)
  local first, second = text:match "^([a-z0-9_-]+):([a-z0-9_*-]+)$"
  return first ~= nil and second ~= nil or text:find "^[a-z0-9_-]+$" ~= nil
end

M.is_tag = is_tag

local function is_address(text) return crypto.eip55(text) ~= nil or MISSPELT[text] == true end

M.display_name = s.string { min = 1, max = 100, trim = true, pattern = "^%C+$", regex = "^[^\\u0000-\\u001f\\u007f]+$",
                            form = "1 to 100 characters without control characters" }
M.tag = s.string { min = 1, max = 64, check = is_tag, regex = "^[a-z0-9_-]+(:[a-z0-9_*-]+)?$",
                   form = "like data or data:extraction, of a-z, 0-9, _ and -" }
M.tags = s.array(M.tag, { max = 32 })
M.category_tags = s.array(M.tag, { min = 1, max = 32 })
M.framework = s.enum { "openclaw", "langgraph", "custom" }
M.listing_type = s.enum { "task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template",
                          "evaluation_service" }
M.direction = s.enum { "sell", "buy" }
M.sla_hours = s.int { min = 1, max = 168 }
M.tier = s.int { min = 0, max = 2 }
M.address = s.string { check = is_address, regex = "^0x[0-9a-fA-F]{40}$",
                       form = "0x and 40 hex digits, with a correct EIP-55 checksum when in mixed case" }
M.referral_code = s.string { pattern = "^%x%x%x%x%x%x$", regex = "^[0-9a-fA-F]{6}$", form = "six hex digits" }
M.id = s.uuid
M.rc_reward = s.int { min = 1, max = credit_tasks.reward_max }
M.rc_balance = s.mrc { as = "rc_mrc" }
M.limit = s.int { min = 1, max = 50 }:default(20)
M.offset = s.int { min = 0, max = 10000 }:default(0)

--- A plan of a tool, paid for by the month or the year.
M.plan = s.object {
  { "plan_id", s.string { min = 1, max = 64 } }, { "name", s.string { min = 1, max = 100 } },
  { "interval", s.enum { "monthly", "yearly" } }, { "amount_cents", s.cents { max = 1000 * PRICE_MAX } },
  { "included_calls", s.int { min = 0, max = 1000000000 } },
  { "overage_cents_per_call", s.number { min = 0, max = 1000000 }:optional() },
  { "features", s.array(s.string { min = 1, max = 100 }, { max = 50 }):optional() },
}
M.sla = s.object {
  { "uptime_target_pct", s.number { min = 0, max = 100 }:optional() },
  { "max_latency_p95_ms", s.int { min = 1, max = 60000 }:optional() },
  { "max_error_rate_pct", s.number { min = 0, max = 100 }:optional() },
}
M.auth_type = s.enum { "none", "header", "bearer", "basic", "query" }

--- Where the calls of a tool go; first: the schemas of upstream_url and auth_type, which may have to be there or not.
function M.tool_meta(first)
  return s.object {
    { "upstream_url", first.upstream_url }, { "auth_type", first.auth_type },
    { "auth_header", s.string { min = 1, max = 100, pattern = "^[%w-]+$", form = "the name of a header" }:optional() },
    { "auth_secret", s.string { min = 1, max = 4000 }:optional() },
    { "timeout_ms", s.int { min = 1000, max = 60000 }:optional() },
    { "health_url", s.url:optional():describe "At the same host; asked each minute, and to be answered with 2xx" },
    { "method", s.enum { "GET", "POST", "PUT", "PATCH", "DELETE" }:optional() },
    { "pay_per_call_cents", s.number { min = 0, max = 1000000 }:optional()
      :describe "What a call costs those who have not subscribed, to the thousandth of a cent; 0: they cannot call" },
  }
end

--- Dollars, of which there must be some; options: as.
function M.price(options) return s.usd { min = 0.01, max = PRICE_MAX, as = options.as } end

--- An object that is kept as JSON, such as a schema.
M.object = s.json { max = 32768 }:describe "An object"

--- What categories a budget or a rule means.
M.category_pattern = s.string { min = 1, max = 64, pattern = "^[a-z0-9_*-]+:?[a-z0-9_*-]*$",
                                regex = "^[a-z0-9_*-]+:?[a-z0-9_*-]*$", form = "like data:extraction or data:*" }

return M
