-- scripts/agent/rules/quotas.lua -- what one user, and one address, may have and use.  Pure.
-- To turn: the numbers.  A user who has many chats needs as many agents; the rest is small.  Budgets of one agent
-- are in agent.rules.limits.
--% version: 1

local M = {
  -- What there may be: of one user, and of agent types altogether.
  api_keys = 100,
  personalities = 200,
  system_prompts = 200,
  agents = 10000,
  agent_types = 200,

  -- How fast: rate is per second, burst at once; per "address" of the client, or "actor", who asks.
  new_users = { { per = "address", rate = 1000 / 86400, burst = 1000 } },
  new_keys = { { per = "address", rate = 5, burst = 300 } },
  new_things = { { per = "address", rate = 10, burst = 600 }, { per = "actor", rate = 5, burst = 300 } },

  -- What the agents of one user may use together.  Reaching a number ends runs with "budget-exceeded".
  runs_per_hour = 60000,           -- answers that a model was asked for, in an hour of the clock
  tokens_per_day = 100000000,      -- in and out, all models, in the last 24 hours
  cost_micros_per_day = 100000000, -- millionths of a US dollar, where prices are known

  -- The same of what comes through one key of a user, and (once it has ended) of all users together.
  key_runs_per_hour = 60000,
  key_tokens_per_day = 100000000,
  key_cost_micros_per_day = 100000000,
  house_tokens_per_day = 1000000000,
  house_cost_micros_per_day = 1000000000,
}

M.returns = {
  api_keys = "integer 0..", personalities = "integer 0..", system_prompts = "integer 0..", agents = "integer 0..",
  agent_types = "integer 0..", runs_per_hour = "number 0..", tokens_per_day = "number 0..",
  cost_micros_per_day = "number 0..", key_runs_per_hour = "number 0..", key_tokens_per_day = "number 0..",
  key_cost_micros_per_day = "number 0..", house_tokens_per_day = "number 0..",
  house_cost_micros_per_day = "number 0..", may_create = "verdict", over_budget = "boolean",
}
M.fallback = { over_budget = true }
M.keep = { over_budget = { ["false"] = 0.05 } }  -- asked for each answer

-- what: api_keys, personalities, system_prompts, agents, agent_types; count: how many there are.
function M.may_create(what, count)
  if count >= M[what] then return deny("too_many_" .. what, { limit = M[what] }) end
  return allow()
end

local function key_is_over(key)
  return key.runs >= M.key_runs_per_hour or key.tokens >= M.key_tokens_per_day
    or key.cost_micros >= M.key_cost_micros_per_day
end

local function house_is_over(house)
  return house.tokens >= M.house_tokens_per_day or house.cost_micros >= M.house_cost_micros_per_day
end

-- usage: {runs, tokens, cost_micros} of the user, as above, with what is under way; key: the same of the key, or nil;
-- house: {tokens, cost_micros}, or nil.  true: nothing more for now.
function M.over_budget(usage)
  return usage.runs >= M.runs_per_hour or usage.tokens >= M.tokens_per_day
    or usage.cost_micros >= M.cost_micros_per_day
    or usage.key ~= nil and key_is_over(usage.key) or usage.house ~= nil and house_is_over(usage.house)
end

local function usage(change)
  local u = { runs = 0, tokens = 0, cost_micros = 0 }
  for k, v in pairs(change) do u[k] = v end
  return u
end

M.examples = {
  { "may_create", "api_keys", M.api_keys - 1, expect = "allow" },
  { "may_create", "api_keys", M.api_keys, expect = "too_many_api_keys" },
  { "may_create", "personalities", M.personalities, expect = "too_many_personalities" },
  { "may_create", "system_prompts", M.system_prompts, expect = "too_many_system_prompts" },
  { "may_create", "agents", M.agents - 1, expect = "allow" },
  { "may_create", "agents", M.agents, expect = "too_many_agents" },
  { "may_create", "agent_types", M.agent_types, expect = "too_many_agent_types" },
  { "over_budget", usage {}, expect = false },
  { "over_budget", usage { runs = M.runs_per_hour }, expect = true },
  { "over_budget", usage { tokens = M.tokens_per_day - 1 }, expect = false },
  { "over_budget", usage { tokens = M.tokens_per_day }, expect = true },
  { "over_budget", usage { cost_micros = M.cost_micros_per_day }, expect = true },
  { "over_budget", usage { key = usage { runs = M.key_runs_per_hour - 1 }, house = usage {} }, expect = false },
  { "over_budget", usage { key = usage { runs = M.key_runs_per_hour } }, expect = true },
  { "over_budget", usage { key = usage { tokens = M.key_tokens_per_day } }, expect = true },
  { "over_budget", usage { key = usage { cost_micros = M.key_cost_micros_per_day } }, expect = true },
  { "over_budget", usage { house = usage { tokens = M.house_tokens_per_day - 1 } }, expect = false },
  { "over_budget", usage { house = usage { tokens = M.house_tokens_per_day } }, expect = true },
  { "over_budget", usage { house = usage { cost_micros = M.house_cost_micros_per_day } }, expect = true },
}

return M
