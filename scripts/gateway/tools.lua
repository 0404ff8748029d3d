-- scripts/gateway/tools.lua -- the tools that the agent may call: declared while scripts load, in any file, or brought
-- by a source, which says at each question what it has.
-- A tool is a function and what is known of it; whether a call runs is up to gateway.rules.tools.

local config = require "human.config"
local crypto = require "human.crypto"
local jsonschema = require "jsonschema"
local json = require "human.json"

local M = {}

local NAME_MAX, DESCRIPTION_MAX, TIMEOUT_MS, TIMEOUT_MAX_MS = 64, 2000, 60000, 600000
local SUBJECT_BYTES = 500
local OFFERED_MAX = 128                          -- limit: what model servers take
local RISKS = { low = true, medium = true, high = true }
local OPTIONS = { description = "string", parameters = "table", risk = "string", risk_of = "function",
                  parallel = "boolean", repeatable = "boolean", off = "boolean", timeout_ms = "number",
                  always_by = "string", prefix_of = "function", source = "string", later = "boolean" }

local known, names, listed = {}, {}, false
local sources = {}                               -- prefix -> {find, offered, catalog, of_agents}

local function refuse(name, ...) error("tools.define: " .. tostring(name) .. ": " .. string.format(...), 3) end

local function check(name, spec, fn)
  if listed then refuse(name, "only while scripts are loading") end
  if type(name) ~= "string" or #name > NAME_MAX or not name:find "^%l[%l%d_]*$" then
    refuse(name, "a name is lower-case letters, digits and _, at most %d", NAME_MAX)
  end
  if known[name] then refuse(name, "there is a tool of this name") end
  for prefix in pairs(sources) do
    if name:sub(1, #prefix) == prefix then refuse(name, "names that begin with %s are those of a source", prefix) end
  end
  if type(spec) ~= "table" or type(fn) ~= "function" then refuse(name, "a table and a function are needed") end
  for option, value in pairs(spec) do
    local kind = OPTIONS[option]
    if not kind then refuse(name, "there is no option '%s'", tostring(option)) end
    if type(value) ~= kind then refuse(name, "%s must be a %s", option, kind) end
  end
  if not spec.description or spec.description == "" or #spec.description > DESCRIPTION_MAX then
    refuse(name, "the model needs a description, of at most %d bytes", DESCRIPTION_MAX)
  end
  if not RISKS[spec.risk] then refuse(name, 'risk is "low", "medium" or "high"') end
  local ms = spec.timeout_ms or TIMEOUT_MS
  if not (ms >= 1 and ms <= TIMEOUT_MAX_MS) then refuse(name, "timeout_ms is 1 to %d", TIMEOUT_MAX_MS) end
end

local function compiled(name, schema)
  local options = { null = json.null, is_array = json.is_array }
  local validator, why = jsonschema.compile(schema, options)
  if not validator or schema.type ~= "object" then
    refuse(name, "its parameters are no JSON Schema of an object: %s", why or "no type = \"object\"")
  end
  return validator
end

--- What is wrong with a value, in one line; errors: of a validator; whole: what all of it is called.
function M.misfits(errors, whole)
  local list = {}
  for i, e in ipairs(errors) do list[i] = (e.path == "" and whole or e.path) .. " " .. e.message end
  return table.concat(list, "; ")
end

--- What is wrong with arguments, for the model.
function M.misfit(errors) return "The arguments do not fit: " .. M.misfits(errors, "the arguments") .. "." end

-- Why these arguments do not fit, for the model; nil: they do.
local function refusal(validator, arguments)
  local ok, errors = validator:validate(arguments)
  return not ok and M.misfit(errors) or nil
end

-- The values of the arguments that matter, as JSON, which is never empty: the first one, and a list of all where any
-- other is there.  All of a command: whoever allows `git status` so has allowed no other use of git.
local function subject_of(by, arguments)
  local values, is_more = json.array {}, false
  for name in by:gmatch "%S+" do
    local value = arguments[name]
    is_more = is_more or #values > 0 and value ~= nil
    values[#values + 1] = value == nil and json.null or value
  end
  local text = json.encode_sorted(is_more and values or values[1])
  return #text <= SUBJECT_BYTES and text or "sha256:" .. crypto.sha256_hex(text)
end

--- Declares a tool. spec: description (for the model), parameters (JSON Schema of an object), risk ("low": it only
--- reads; "medium"; "high": it changes what cannot be taken back, or runs programs), risk_of (fn(tx, run,
--- arguments) -> the risk of this very call, where it depends), parallel (it may run beside others of its kind),
--- repeatable (running it twice is as good as once: a call whose worker died runs again; any other one is told to be
--- interrupted), timeout_ms (60,000), off (true: only when tools.enabled names it),
--- always_by (the arguments that matter when a call is allowed for good, in one text: "always" is then about exactly
--- their values, of a program with all its arguments; without it, about the tool), prefix_of (of a tool that starts
--- programs: fn(arguments) -> {path, words} that a command may be allowed by for good, or nil), later (true: the
--- function only begins it, in the transaction that it is given as well, and returns true; gateway.act.answer ends it).
--- fn(call) -> text or a table (sent as JSON); or nil and why not. call: {id, arguments, session_id, session_key,
--- run_id, agent_id, user_id, progress(n, total, text)}.
function M.define(name, spec, fn)
  check(name, spec, fn)
  local schema = spec.parameters or { type = "object", properties = {}, additionalProperties = false }
  local validator = compiled(name, schema)
  names[#names + 1] = name
  known[name] = {
    name = name, description = spec.description, parameters = schema, risk = spec.risk, risk_of = spec.risk_of,
    parallel = spec.parallel == true, repeatable = spec.repeatable == true, off = spec.off == true,
    later = spec.later == true, timeout_s = (spec.timeout_ms or TIMEOUT_MS) / 1000,
    source = spec.source or "built-in", fn = fn,
    refusal = function(arguments) return refusal(validator, arguments) end,
    subject = function(arguments) return spec.always_by and subject_of(spec.always_by, arguments) or "" end,
    prefix = spec.prefix_of or function() return nil end,
    covers = spec.always_by and ("calls with exactly this %s"):format(spec.always_by:gsub(" ", " and ")) or nil,
    command = function(arguments)
      local value, words = spec.always_by and arguments[spec.always_by:match "%S+"], {}
      if type(value) ~= "table" then return nil end
      for i, word in ipairs(value) do words[i] = tostring(word) end
      return table.concat(words, " ")
    end,
  }
  table.sort(names)
end

local function has(list, name)
  for _, one in ipairs(list) do
    if one == name or one == "*" then return true end
  end
  return false
end

local function is_enabled(tool)
  if has(config.tools.disabled, tool.name) then return false end
  return not tool.off or has(config.tools.enabled, tool.name)
end

--- Declares, while scripts load, where tools come from whose names begin with `prefix`.  source: find(name, agent_id)
--- -> a tool as M.get gives it, or nil and a sentence; offered(agent_id) as M.offered; catalog() as M.catalog;
--- of_agents (true: what it has depends on the agent, and only those are asked about that have something).  All may
--- await the database, and offered() more.  agent_id: nil where it is asked what a tool is, and nothing is called.
function M.source(prefix, source)
  if listed then error("tools.source: only while scripts are loading", 2) end
  sources[prefix] = source
end

local function source_of(name)
  for prefix, source in pairs(sources) do
    if name:sub(1, #prefix) == prefix then return source end
  end
end

--- What "always" covers of a call that is shown, in words.  prefix: what a tool's prefix says, or nil; its words are
--- the second value.
function M.covers(name, prefix)
  local tool = known[name]
  local whole = tool and "every call of this tool" or "every call of this tool, while its server describes it so"
  local exactly = tool and tool.covers or whole
  if not prefix then return exactly end
  return exactly, ("%s, whatever follows, of %s"):format(table.concat(prefix.words, " "), prefix.path)
end

--- What a prefix is kept as among what was allowed for good.
function M.prefix_subject(prefix) return "prefix:" .. json.encode_sorted(prefix) end

--- What of a call is shown to who decides about it, where it is a command line.
function M.command(name, arguments)
  local tool = known[name]
  return tool and tool.command(arguments)
end

--- The tool of this name; or nil and a sentence that says why not.  run: which calls it; an agent that is not the
--- operator's (run.is_foreign) has none of the operator's tools.
function M.get(name, run)
  listed = true
  local source, is_foreign = source_of(name), run and run.is_foreign
  if source and (source.of_agents or not is_foreign) then return source.find(name, run and run.parent_id) end
  local tool = not is_foreign and known[name]
  if not tool then return nil, ("There is no tool %s."):format(name:sub(1, 80)) end
  if not is_enabled(tool) then return nil, ("The tool %s is switched off."):format(name) end
  return tool
end

local function add_own(list)
  for _, name in ipairs(names) do
    local tool = known[name]
    if is_enabled(tool) then
      list[#list + 1] = { name = name, description = tool.description, parameters = tool.parameters }
    end
  end
end

local function add_offered(list, source, agent_id)
  for _, tool in ipairs(source.offered(agent_id)) do
    local is_on = not source.of_agents or not has(config.tools.disabled, tool.name)
    if is_on and #list < OFFERED_MAX then list[#list + 1] = tool end
  end
end

--- What the model is offered: {{name, description, parameters}}.  run (optional): {parent_id, is_foreign}; has_own: its
--- agent may have tools of its own (sources of_agents), which are asked for then.
function M.offered(run, has_own)
  listed = true
  local list, is_foreign = {}, run and run.is_foreign
  if not is_foreign then add_own(list) end
  for _, source in pairs(sources) do
    local is_asked = not source.of_agents and not is_foreign or source.of_agents and has_own
    if is_asked then add_offered(list, source, run and run.parent_id) end
  end
  return list
end

--- All of them, for those who show them: {{name, description, parameters, risk, enabled, source}}; those of sources
--- also have hash (of their definition) and reason (why one is off).
function M.catalog()
  listed = true
  local list = {}
  for i, name in ipairs(names) do
    local tool = known[name]
    list[i] = { name = name, description = tool.description, parameters = tool.parameters, risk = tool.risk,
                enabled = is_enabled(tool), source = tool.source }
  end
  for _, source in pairs(sources) do
    for _, tool in ipairs(source.catalog()) do list[#list + 1] = tool end
  end
  return list
end

return M
