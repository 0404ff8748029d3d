-- scripts/gateway/v1/models.lua -- what a model of /v1 is: the operator's agent ("human"), one of its sessions (its
-- key, or "session:KEY", which makes it), or a model of a provider ("provider/model", or its bare name).

local fail = require "human.fail"
local llm = require "human.llm"
local log = require "human.log"
local owner = require "gateway.owner"
local store = require "gateway.store"

local M = {}

M.AGENT = "human"
local SHOWN = 80

local function provider_of(name)
  for _, provider in ipairs(llm.providers()) do
    if provider.name == name then return provider end
  end
end

local function has(provider, model)
  if provider.default_model == model then return true end
  for _, one in ipairs(provider.models) do
    if one.id == model then return true end
  end
  return false
end

-- The provider that has a model of this bare name: the one that is asked anyway, else the first.
local function bare(name)
  local now = llm.status()
  if now.model == name and not now.problem then return now.provider .. "/" .. name end
  for _, provider in ipairs(llm.providers()) do
    if provider.configured and has(provider, name) then return provider.name .. "/" .. name end
  end
end

local function unknown(name, why)
  fail.throw("model_not_found", { param = "model", message = ("The model '%s' does not exist here%s; GET /v1/models "
    .. "has those that do"):format(log.mask(name:sub(1, SHOWN)), why or "") })
end

--- What a name means: {kind = "agent"}, {kind = "session", key} or {kind = "model", model}; throws model_not_found.
function M.find(name)
  if name == M.AGENT or name == owner.get().agent_id then return { kind = "agent" } end
  local key = name:match "^session:(.*)$"
  if key and store.is_key(key) then return { kind = "session", key = key } end
  local provider = provider_of(name:match "^([%w_-]+)/.")
  if provider and provider.configured then return { kind = "model", model = name } end
  if store.find(name) then return { kind = "session", key = name } end
  local model = bare(name)
  if model then return { kind = "model", model = model } end
  return unknown(name, provider and (": the provider %s is not configured"):format(provider.name))
end

--- All that can be named, sessions aside: {{id, owned_by}}.
function M.list()
  local list, seen = { { id = M.AGENT, owned_by = "human" } }, {}
  for _, provider in ipairs(llm.providers()) do
    local function add(model)
      local id = model and provider.configured and provider.name .. "/" .. model
      if not id or seen[id] then return end
      seen[id] = true
      list[#list + 1] = { id = id, owned_by = provider.name }
    end
    add(provider.default_model)
    for _, one in ipairs(provider.models) do add(one.id) end
  end
  return list
end

--- One of them; throws model_not_found.
function M.get(name)
  local found = M.find(name)
  return { id = found.model or name, owned_by = found.model and found.model:match "^[^/]+" or "human" }
end

return M
