-- host/lua/cli/onboard_model.lua -- the part of `human onboard` about the language model: which, with which key, and
-- whether it answers.  The try is made by this process, so that a wrong key is written nowhere.

local choices = require "human.llm.choice"
local cli = require "human.cli.words"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local llm = require "human.llm"
local remote = require "human.cli.remote"

local M = {}
local TRY_S = 45
local OWN = { openai = "http://127.0.0.1:8080/v1", vllm = "http://127.0.0.1:8000/v1", ollama = "http://127.0.0.1:11434",
              llamacpp = "http://127.0.0.1:8080/v1", lmstudio = "http://127.0.0.1:1234/v1" }

--- Loads the scripts, which know the providers.
function M.load()
  local ok, g = pcall(gen.build, host.native.generation, { examples = false })
  if not ok then cli.stop("the scripts cannot be loaded: " .. tostring(g)) end
  gen.install(g)
end

function M.misses_provider()
  cli.misused("onboard", "--provider is missing: without a terminal each question is answered by its flag "
    .. "(--provider offline needs no key)")
end

local function names()
  local list = {}
  for name in pairs(choices.registry().providers) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function provider_of(name)
  local provider = choices.registry().providers[name]
  if provider then return provider end
  local list = names()
  return nil, "there is no provider " .. name .. cli.suggest(name, list) .. "; there are " .. table.concat(list, ", ")
end

-- Whether a provider has no address of its own that everybody uses.
local function needs_url(provider)
  return not provider.answer and (provider.keyless or provider.host_setting or not provider.default_url)
end

-- Under which name a key is kept: that of a server of one's own, or of the service.
local function secret_name(provider, url) return url and "llm" or provider.secret end

-- What is configured here, for a server that is about to be started.
local function has_key_here(provider) return choices.access(provider, choices.settings()) ~= nil end

local function check_unneeded(o, provider)
  for _, flag in ipairs { "key-file", "base-url", "model" } do
    if provider.answer and o[flag] then
      cli.misused("onboard", ("--%s does not go with --provider %s, which needs none"):format(flag, o.provider))
    end
  end
end

-- What is missing, where nobody can be asked.
local function check_missing(o, provider, url, is_running)
  if needs_url(provider) and not url then
    cli.misused("onboard", "--base-url is missing: where the server of " .. o.provider .. " is")
  end
  if provider.answer or url or o["key-file"] or is_running or has_key_here(provider) then return end
  cli.misused("onboard", "--key-file is missing: the key of " .. o.provider .. " (- is standard input)")
end

local function check_provider(asker, is_running)
  local o = asker.o
  local provider, why = provider_of(o.provider)
  if why then cli.misused("onboard", why) end
  check_unneeded(o, provider)
  local url = o["base-url"] or needs_url(provider) and OWN[o.provider] or nil
  if not asker.terminal then check_missing(o, provider, url, is_running) end
  local name = secret_name(provider, url)
  if not o["key-file"] or not name then return end
  local done, unread = asker:secret(name, o["key-file"])
  if not done then cli.stop("--key-file: " .. unread) end
end

local function is_unset_here() return choices.settings().provider == "auto" and not llm.status().language_model end

--- Checks what flags say of the model, and reads the key that they name; is_running: there is a server already.
function M.check_flags(asker, is_running)
  local o = asker.o
  if o.provider then return check_provider(asker, is_running) end
  if asker.terminal then return end
  if o["key-file"] or o.model or o["base-url"] then cli.misused("onboard", "--provider is missing") end
  if not is_running and is_unset_here() then M.misses_provider() end
end

-- ---- what there is ------------------------------------------------------------------------------------------

local function show(asker, before)
  local url = before.config.llm.base_url
  asker:say(("Configured already: %s with the model %s%s."):format(before.default_provider, before.default_model,
    url ~= "" and " at " .. url or ""))
end

-- Is there a model, and does nobody say otherwise?
local function is_kept(asker, before)
  local o = asker.o
  if before.default_provider == "offline" and before.config.llm.provider == "auto" then return false end
  show(asker, before)
  if o.provider or o.model or o["key-file"] or o["base-url"] then return false end
  return not asker.terminal or asker:yes "Keep it?"
end

local function has_key(name)
  for _, one in ipairs(remote.call("models.list").providers) do
    if one.name == name then return one.has_key end
  end
  return false
end

-- ---- the questions ----------------------------------------------------------------------------------------

local function choose_provider(asker, before)
  local default = before.default_provider
  if not asker.terminal and not asker.o.provider then
    M.misses_provider()
  end
  if asker.terminal and not asker.o.provider then asker:say("Providers: " .. table.concat(names(), ", ")) end
  while true do
    local name = asker:ask("provider", "Whose model", default)
    local provider, why = provider_of(name)
    if provider then return name, provider end
    asker:say(why)
  end
end

-- The address of a server of one's own, or nil: the service's.
local function choose_url(asker, name, provider)
  if not needs_url(provider) then return asker.o["base-url"] end
  while true do
    local url = asker:ask("base-url", "Where is it", OWN[name])
    if not url then cli.misused("onboard", "--base-url is missing: where the server of " .. name .. " is") end
    if url:find "^https?://[^/]" then return url end
    asker:say "An address is like http://127.0.0.1:8080/v1"
  end
end

-- Is there a key already that stays, or does a server of one's own want none?
local function is_done_without(asker, name, url)
  if url then return not (asker.terminal and asker:ask(nil, "Does it want a key (y/N)", "n"):lower():find "^y") end
  return has_key(name) and (not asker.terminal or asker:yes "It has a key already. Keep it?")
end

-- The name under which the key is kept, once it was given; nil: none is needed, or the one that is there stays.
local function choose_key(asker, name, provider, url)
  if provider.answer or not provider.secret and not url then return nil end
  local secret, file = secret_name(provider, url), asker.o["key-file"]
  if not file and is_done_without(asker, name, url) then return nil end
  while true do
    local given, why = asker:secret(secret, file)
    if given then return secret end
    if why == "missing" then
      cli.misused("onboard", "--key-file is missing: the key of " .. name .. " (- is standard input)")
    end
    if file then cli.stop("no key: " .. why) end
    asker:say("No key: " .. why)
  end
end

local function choose_model(asker, name, provider)
  if provider.answer then return nil end
  return asker:ask("model", "Which model", choices.registry().models[name])
end

-- ---- the try --------------------------------------------------------------------------------------------------

local function try(choice)
  local conf = choices.settings()
  conf.provider, conf.model, conf.base_url = choice.provider, choice.model or "", choice.url or ""
  if choice.secret then host.native.held("try", choice.secret) end
  return llm.probe(TRY_S)
end

local FIX = { unauthorized = "the key is not accepted", model_not_found = "there is no such model",
              no_credit = "the account has no credit", network = "it cannot be reached",
              timeout = "it does not answer" }

-- true; false: not tried, since the key is the server's; nil and why: it does not work.
local function works(asker, choice)
  if choice.is_instant then return true end
  asker:say("Asking " .. choice.provider .. " …")
  local answered, err = try(choice)
  if answered then return true end
  if err.code == "unauthorized" and not choice.secret and err.message:find "is not set" then return false end
  return nil, ("%s: %s"):format(FIX[err.code] or "it does not work", remote.plain(err.message))
end

local function choose(asker, before)
  local name, provider = choose_provider(asker, before)
  local url = choose_url(asker, name, provider)
  local choice = { provider = name, url = url, is_instant = provider.answer ~= nil }
  choice.secret = choose_key(asker, name, provider, url)
  choice.model = choose_model(asker, name, provider)
  return choice
end

-- Until one works, or somebody gives up.
local function choose_one_that_works(asker, before)
  while true do
    local choice = choose(asker, before)
    local ok, why = works(asker, choice)
    if ok ~= nil then
      choice.checked = ok
      return choice
    end
    asker:say(choice.provider .. " was asked, and " .. why)
    if not asker.terminal or not asker:yes "Try again?" then
      cli.stop(choice.provider .. " was asked, and " .. why .. "; nothing was written")
    end
    asker.o.provider, asker.o["key-file"], asker.o.model, asker.o["base-url"] = nil, nil, nil, nil
  end
end

--- Adds what is to be written to the plan.
function M.plan(asker, plan, before)
  local result = plan.result
  if is_kept(asker, before) then
    result.provider, result.model, result.kept = before.default_provider, before.default_model, true
    return
  end
  local choice, old = choose_one_that_works(asker, before), before.config.llm
  for name, value in pairs { provider = choice.provider, model = choice.model or "", base_url = choice.url or "" } do
    if old[name] ~= value then
      plan.changes["llm." .. name] = value ~= "" and value or json.null
      plan.before["llm." .. name] = old[name] ~= "" and old[name] or nil
    end
  end
  if choice.secret then plan.secrets[#plan.secrets + 1] = choice.secret end
  result.provider, result.model, result.kept, result.checked = choice.provider, choice.model, false, choice.checked
end

return M
