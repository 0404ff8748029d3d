-- host/lua/llm/choice.lua -- chooses a model server, with model, address and key.
-- A choice is {name, provider, model, base_url, secret, extra, learned}: the argument of a provider's request().
-- A key is only ever sent to its own service; another base URL gets the key `llm` or none.

local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local learned = require "human.llm.learned"
local settings = require "human.scripts.settings"
local log = require "human.log"
local text = require "human.text"

local M = {}

local CHOSEN_S = 1

--- The providers that this generation has declared.
function M.registry()
  local g = gen.current()
  if not (g and g.llm) then error("llm: scripts/agent/providers/init.lua has not been loaded", 0) end
  return g.llm
end

function M.settings() return settings.present().llm or {} end

local function given(value) return type(value) == "string" and value ~= "" and value or nil end

-- Addresses ---------------------------------------------------------------------------------------------

local function without_slashes(url) return url:match "^.*[^/]" or "" end

-- A base URL of any server, completed: "box:9/v1/" is "http://box:9/v1".
local function base_url(value)
  local url = text.trim(value)
  return without_slashes(url:find "^%a[%w+.-]*://" and url or "http://" .. url)
end

-- Where to reach a server that listens on all addresses, or on its default address.
local REACHED_AT = { [""] = "127.0.0.1", ["0.0.0.0"] = "127.0.0.1", ["::"] = "::1", ["0:0:0:0:0:0:0:0"] = "::1" }

local function host_and_port(authority)
  local name, port = authority:match "^%[([^%]]*)%]:?(.*)$"
  if name then return name, port end
  local colon = authority:find(":", 1, true)
  if not colon then return authority, "" end
  if authority:find(":", colon + 1, true) then return authority, "" end -- an IPv6 address without its brackets
  return authority:sub(1, colon - 1), authority:sub(colon + 1)
end

-- OLLAMA_HOST as Ollama itself reads it: host, :port, host:port, an IPv4 or IPv6 address, or a URL, whose default
-- port is that of its scheme.
local function host_url(value, default_port)
  local url = text.trim((text.trim(value):gsub("[\"']", "")))
  local scheme, rest = url:match "^(%a+)://(.*)$"
  local authority, path = (rest or url):match "^([^/?#]*)(.*)$"
  if scheme then default_port = scheme == "https" and 443 or 80 end
  local name, port = host_and_port(authority)
  name = REACHED_AT[name] or name
  local number = port:find "^%d+$" and #port <= 5 and tonumber(port) or nil
  if not number or number > 65535 then number = default_port end
  if name:find(":", 1, true) then name = "[" .. name .. "]" end
  return (scheme or "http") .. "://" .. name .. ":" .. number .. without_slashes(path)
end

-- Whether a URL belongs to a provider's own service, over TLS: only then may its key be sent there.
local function is_own(provider, url)
  local authority = provider.secret and url:match "^https://([^/?#]*)"
  local name, port = (authority or ""):match "^([%w.-]+)(.*)$"
  if not name or (port ~= "" and not port:find "^:%d*$") then return false end -- refuses "user@": it hides the host
  for _, own in ipairs(provider.hosts or { provider.default_url:match "^https://([%w.-]+)" }) do
    if ("." .. name:lower()):sub(-#own - 1) == "." .. own then return true end
  end
  return false
end

-- Keys ----------------------------------------------------------------------------------------------------

local function at_own_url(provider, own_url)
  local url = base_url(own_url)
  if provider.complete then url = provider.complete(url) end
  local secret = host.secret_set "llm" and "llm" or nil
  if not secret and is_own(provider, url) and host.secret_set(provider.secret) then secret = provider.secret end
  return { base_url = url, secret = secret }
end

-- How to reach a provider: {base_url, secret}, or nil and what is missing.
local function access(provider, conf, own_url)
  if provider.answer then return {} end
  if own_url then return at_own_url(provider, own_url) end
  if provider.host_setting then
    local at = given(conf[provider.host_setting])
    if at then return { base_url = host_url(at, provider.host_port) } end
    return nil, "llm." .. provider.host_setting .. " is not set"
  end
  if provider.keyless then return nil, "llm.provider does not name it" end
  if not provider.default_url then return nil, "llm.base_url is not set" end
  if host.secret_set(provider.secret) then return { secret = provider.secret } end
  return nil, provider.key_name .. " is not set"
end
M.access = access

-- Choosing ------------------------------------------------------------------------------------------------

local function choice_of(registry, conf, name, model, own_url)
  local provider = registry.providers[name]
  if not provider then
    return nil, { code = "no_provider", message = "there is no llm provider named " .. tostring(name) }
  end
  local reach, missing = access(provider, conf, own_url)
  if not reach and provider.keyless then reach = {} end
  if not reach then
    return nil, { code = "unauthorized", message = "llm provider " .. name .. ": " .. missing }
  end
  if provider.answer then model = nil end
  model = model or registry.models[name] or name
  local facts = not provider.answer and registry.facts and registry.facts(name, model) or {}
  return {
    name = name, provider = provider, model = model, base_url = reach.base_url, secret = reach.secret,
    facts = facts, learned = learned.of(name, reach.base_url, model),
  }
end

-- The provider for a base URL: the known service with that URL, otherwise a server that speaks OpenAI's dialect.
local function behind(registry, own_url)
  local url = base_url(own_url)
  for name, provider in pairs(registry.providers) do
    if is_own(provider, url) then return name end
  end
  return "openai"
end

local function first_usable(registry, conf)
  for _, name in ipairs(registry.order) do
    if access(registry.providers[name], conf) then return name end
  end
  return "offline"
end

-- Cached for a second: settings and keys change only with a reload or an operator's edit, which may take a moment.
local chosen = {}

local function automatic(registry, conf)
  if given(conf.base_url) then return behind(registry, conf.base_url) end
  local now = host.now()
  if chosen.registry ~= registry or chosen.conf ~= conf or now - chosen.at >= CHOSEN_S then
    chosen = { registry = registry, conf = conf, at = now, name = first_usable(registry, conf) }
  end
  return chosen.name
end

local function default_of(registry, conf)
  return conf.provider ~= "auto" and given(conf.provider) or automatic(registry, conf)
end

-- "anthropic/claude-haiku-4-5" names a provider, too.  With a base URL, and at a provider whose own models
-- have such names, it is the server's name: there "openrouter/anthropic/x" is the model anthropic/x.
local function split_model(registry, conf, model)
  if not model or given(conf.base_url) then return nil, model end
  local name, rest = model:match "^([%w_-]+)/(.+)$"
  if not (name and registry.providers[name]) then return nil, model end
  local default = default_of(registry, conf)
  local slashes = registry.providers[default] and registry.providers[default].slashes
  if slashes and (name ~= default or not rest:find("/", 1, true)) then return nil, model end
  return name, rest
end

-- llm.extra_body, what the operator adds to each request to llm.provider.
local function extra_body(conf)
  local value = given(conf.extra_body)
  if not value then return nil end
  local extra = json.decode(value)
  if type(extra) == "table" and not json.is_array(extra) then return extra end
  return nil, { code = "bad_request", message = "llm.extra_body is not a JSON object" }
end

--- The choice for a request, or nil and an error.  wanted: a model, or nil for the configured one.
function M.primary(registry, conf, wanted)
  local name, model = split_model(registry, conf, wanted)
  local default = default_of(registry, conf)
  local is_default = not name or name == default
  if is_default then model = model or given(conf.model) end
  local choice, err = choice_of(registry, conf, name or default, model, is_default and given(conf.base_url) or nil)
  if not choice or not is_default then return choice, err end
  choice.extra, err = extra_body(conf)
  if err then return nil, err end
  return choice
end

--- The choice if the first one cannot answer, or nil.
function M.fallback(registry, conf)
  local name = given(conf.fallback_provider)
  if not name then return nil end
  local choice, err = choice_of(registry, conf, name, given(conf.fallback_model))
  if not choice then log.warn("llm fallback unusable", { error = err.message }) end
  return choice
end

--- Whether requests may name this model: the provider in its name, if any, is configured.
function M.has_provider(registry, conf, model)
  local name = split_model(registry, conf, model)
  return not name or choice_of(registry, conf, name, model) ~= nil
end

return M
