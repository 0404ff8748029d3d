-- scripts/gateway/settings.lua -- the settings as the control protocol shows and changes them.
-- A tree of names. A secret that is set is shown as "***", and "***" that comes back means "as it is", so a client
-- that saves what it was shown loses nothing. Settings that are not named stay. The host checks, writes and applies
-- (human.config).

local config = require "human.config"
local crypto = require "human.crypto"
local fail = require "human.fail"
local files = require "human.files"
local json = require "human.json"
local llm = require "human.llm"

local M = {}

M.HIDDEN = "***"
local CHANGES_MAX, BYTES_MAX = 100, 200000       -- limit: settings in one call

-- Settings of the host that people look for here; it checks them itself.
local OWN = {
  { "port", "int", "where everything is served" }, { "host", "text", "the address that the server listens on" },
  { "agent_port", "int", "a second port for the agent API; 0: none" },
  { "gateway.port", "int", "used if port is not set" }, { "gateway.host", "text", "used if host is not set" },
  { "gateway.allow_public_bind", "bool", "whether gateway.host may be an address other than this machine's own" },
  { "files.workspace", "text", "the directory that tools work in" },
  { "exec.enabled", "bool", "whether scripts may run programs" },
}
local SECRETS = { "openai", "anthropic", "gemini", "openrouter", "groq", "mistral", "deepseek", "azure", "llm" }

-- Names by which older clients know a setting.
local ALIASES = { workspace = "files.workspace", workspace_dir = "files.workspace", default_provider = "llm.provider",
                  default_model = "llm.model", max_tokens = "gateway.max_tokens" }

local TYPES = { text = "string", int = "integer", number = "number", bool = "boolean", list = "array",
                object = "object" }

local function is_group(v) return type(v) == "table" and v ~= json.null and not json.is_array(v) end

local function value_of(name)
  local value = config
  for part in name:gmatch "[^.]+" do value = value[part] end
  return value
end

local function put(tree, name, value)
  local head, rest = name:match "^([^.]+)%.(.+)$"
  if not head then
    tree[name] = value
    return
  end
  tree[head] = tree[head] or {}
  put(tree[head], rest, value)
end

-- One that is not set is left out: null would unset it, and the file may have one that waits for a restart.
local function hidden(is_set) return is_set and M.HIDDEN or nil end

local function is_table(v) return type(v) == "table" and v ~= json.null end

--- All settings as a tree, secrets hidden.
function M.tree()
  local tree = {}
  for _, own in ipairs(OWN) do put(tree, own[1], value_of(own[1])) end
  for _, def in ipairs(config.defined()) do put(tree, def.name, config.shown(def)) end
  for _, name in ipairs(SECRETS) do put(tree, "secrets." .. name, hidden(crypto.secret_hmac_hex(name, "") ~= nil)) end
  return tree
end

local NO_FILE = crypto.sha256_hex ""

--- What config.get answers.
function M.view()
  local tree, hash, now = M.tree(), config.hash(), llm.status()
  local text = json.encode_sorted(tree)
  return {
    exists = hash ~= NO_FILE, hash = hash, config = text, raw = text, workspace_dir = files.root("workspace").dir,
    default_provider = now.provider, default_model = now.model or "", max_tokens = config.gateway.max_tokens,
    security = {
      autonomy_level = config.security.autonomy_level, sandbox = "auto",
      sandbox_config = { enabled = true, backend = "auto", net_proxy = { enabled = false, deny_all = false,
        proxy_addr = "", allowed_domains = json.array {} } },
    },
    gateway = { require_pairing = tree.gateway.require_pairing },
  }
end

local function property(def)
  local p = { type = TYPES[def.type], description = def.text, minimum = def.min, maximum = def.max,
              default = def.default, enum = def.enum and json.array(def.enum), writeOnly = def.secret or nil,
              ["x-restart"] = def.restart or nil }
  if def.type == "list" then
    p.items, p.minItems, p.maxItems, p.minimum, p.maximum = { type = "string" }, def.min, def.max, nil, nil
    p.default = json.array(def.default)
  elseif def.type == "text" then
    p.minLength, p.maxLength, p.minimum, p.maximum = def.min, def.max, nil, nil
  end
  return p
end

--- A JSON Schema of all settings, by their whole names, as a Lua table.
function M.schema()
  local properties = {}
  for _, own in ipairs(OWN) do
    properties[own[1]] = { type = TYPES[own[2]], description = own[3], ["x-restart"] = true }
  end
  for _, def in ipairs(config.defined()) do properties[def.name] = property(def) end
  for _, name in ipairs(SECRETS) do
    properties["secrets." .. name] = { type = "string", writeOnly = true, description = "the key of " .. name }
  end
  return { type = "object", properties = properties }
end

-- ---- changing ------------------------------------------------------------------------------------------

local function invalid(message) fail.throw("config_invalid", { message = message }) end

-- A value that comes back, with what was hidden of it.  before: the value; was: as it is shown.
local function uncovered(name, value, before, was)
  if value == M.HIDDEN then return before end
  if type(value) == "number" and value - value ~= 0 then invalid(name .. ": a number must be finite") end
  if type(value) == "string" and type(before) == "string" and value:find(M.HIDDEN, 1, true) then
    if value == was then return before end
    if was ~= before then invalid(name .. ": say all of it anew; what was hidden cannot stay in another text") end
  end
  if not is_table(value) then return value end
  local out, old, shown = json.is_array(value) and json.array() or {}, is_table(before), is_table(was)
  for key, each in pairs(value) do
    out[key] = uncovered(name, each, old and before[key] or nil, shown and was[key] or nil)
  end
  return out
end

local function leaves()
  local set = {}
  -- An object that has secrets is changed member by member, so that hidden ones stay.
  for _, def in ipairs(config.defined()) do
    if not def.secrets then set[def.name] = { value = def.value, shown = config.shown(def) } end
  end
  for _, own in ipairs(OWN) do set[own[1]] = {} end
  return set
end

local function flatten(tree, prefix, known, out)
  for key, v in pairs(tree) do
    local name = prefix .. tostring(key)
    name = ALIASES[name] or name
    if #name > 200 or name:find "[^%w_.]" then invalid "A name of a setting has letters, digits, _ and . only" end
    if is_group(v) and not known[name] then
      flatten(v, name .. ".", known, out)
    elseif v ~= M.HIDDEN then
      out[name] = uncovered(name, v, (known[name] or {}).value, (known[name] or {}).shown)
    end
  end
  return out
end

-- How many there are; refused when that is too much for one change.
local function count(changes)
  local n = 0
  for _ in pairs(changes) do n = n + 1 end
  if n > CHANGES_MAX then invalid(("At most %d settings can be changed at once"):format(CHANGES_MAX)) end
  if #json.encode(changes) > BYTES_MAX then invalid "These settings are too long to be changed at once" end
  return n
end

-- What the host says, as a refusal.
local function refuse(err)
  if err.code == "conflict" then fail.throw("config_conflict", { hash = config.hash() }) end
  if err.code == "invalid" then invalid(err.message) end
  fail.throw("config_unavailable", { message = "The settings were not saved: " .. err.message, retry_after_s = 1 })
end

--- Changes what `tree` says, all of it or nothing.  base_hash: of the file that it is based on, or nil.
--- Returns {hash, restart_required}.  Refuses with config_conflict, config_invalid or config_unavailable.
function M.set(tree, base_hash)
  local changes = flatten(tree, "", leaves(), {})
  if base_hash and base_hash ~= config.hash() then fail.throw("config_conflict", { hash = config.hash() }) end
  if count(changes) == 0 then return { hash = config.hash(), restart_required = json.array {} } end
  local done, err = config.set(changes, base_hash)
  if not done then refuse(err) end
  return { hash = done.hash, restart_required = done.restart }
end

--- The tree that a JSON text says.
function M.parse(raw)
  local tree, why = json.decode(raw)
  if why or not is_group(tree) then invalid("raw must be a JSON object" .. (why and ": " .. tostring(why) or "")) end
  return tree
end

return M
