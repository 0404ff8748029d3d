-- host/lua/system.lua -- what the host reports about itself: health, readiness, metrics, OpenAPI.
-- The routes are in scripts/api/system.lua.

local crypto = require "human.crypto"
local db = require "human.db"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local log = require "human.log"
local sched = require "human.core.sched"
local target = require "human.scripts.target"

local M = {}
local STARTED, FRESH_S = host.now(), 2
local rendered = setmetatable({}, { __mode = "k" })   -- generation -> {module that renders = text}
local draining = false
local database_id                                -- of this worker's database

-- This worker is stopping: it finishes its requests and takes no more.
function M.drain() draining = true end

--- Is it?  What goes on by itself, as polling does, ends then: a worker that stops waits for its tasks.
function M.is_draining() return draining end

--- Sets the id of the database (migrate.identity).
function M.identify(id) database_id = id end

-- Provider "none": no script has registered providers.
local function llm_status()
  local ok, status = pcall(require("human.llm").status)
  if ok then return status end
  return { provider = "none", language_model = false, problem = tostring(status) }
end

-- "accepted" or "refused"; nil before the first reload.
local function last_reload()
  local ok = host.metric_get "human_last_reload_successful"
  return ok and (ok == 1 and "accepted" or "refused")
end

--- Declares, while scripts load, what else /health and /metrics tell operators: module.fn() returns problems, a list of
--- sentences, and sets gauges (metrics.set) of what is in the database.  It is called while the database is up, at most
--- every two seconds by each worker.
function M.probe(fn_path)
  local g = gen.building() or error("system.probe: only while scripts are loading", 2)
  g.probes[#g.probes + 1] = fn_path
end

local probed = { at = -FRESH_S, problems = {} }

-- What the probes say; the same again for a moment, and while the database does not answer.
local function probe()
  if host.db_state() ~= "up" or host.now() - probed.at < FRESH_S then return probed.problems end
  probed.at = host.now()                         -- others need not wait for this one
  local list = {}
  for _, path in ipairs(gen.current().probes) do
    local ok, found = pcall(function() return target.resolve(gen.current(), path)() end)
    if not ok then log.warn("a probe failed", { probe = path, error = tostring(found) }) end
    for _, text in ipairs(ok and found or {}) do list[#list + 1] = text end
  end
  probed.problems = list
  return list
end

-- The current problems, as sentences; and whether they affect requests.
local function problems(llm, reload)
  local list, suffers = {}, false
  local state = host.db_state()
  if state ~= "up" then list[1], suffers = db.SENTENCES[state], true end
  if llm.problem and llm.provider ~= "none" then list[#list + 1], suffers = "language model: " .. llm.problem, true end
  if sched.struck > 0 then
    list[#list + 1] = "what ended several workers is out of service until the next reload (see the log)"
  end
  if draining then list[#list + 1] = "this worker is stopping" end
  if reload == "refused" then list[#list + 1] = "the last reload of the scripts was refused" end
  for _, text in ipairs(probe()) do list[#list + 1] = text end
  return json.array(list), suffers
end

-- The state of all parts: {status = "ok"|"degraded", version, instance, problems, database ("up", or else
-- "starting", "unreachable", "read_only", "stuck", "full", "refused"), database_id, worker, workers,
-- uptime_s, scripts, reload, llm}.  llm: {provider, model, language_model (false: the built-in rules
-- answer), chosen (true: since the settings say so), problem}.
function M.health()
  local llm, reload = llm_status(), last_reload()
  local list, suffers = problems(llm, reload)
  return {
    status = suffers and "degraded" or "ok", version = host.native.version, problems = list,
    database = host.db_state(), scripts = gen.current().id, reload = reload,
    instance = host.native.instance, database_id = database_id,
    worker = host.worker(), workers = host.workers(), uptime_s = math.floor(host.now() - STARTED),
    llm = { provider = llm.provider, model = llm.model, language_model = llm.language_model,
            chosen = llm.chosen, problem = llm.problem },
  }
end

-- What programs have to be made for to run here: "linux-x64", "linux-arm64".
function M.platform() return (jit.os .. "-" .. jit.arch):lower() end

-- May a load balancer send requests here?  true, or false and why not; and the state of the database.  A full pool is
-- no reason to refuse: all servers behind a balancer share the load, and removing one makes it worse for the others.
function M.readiness()
  local reasons, state = {}, host.db_state()
  if draining then reasons[1] = "draining" end
  if state ~= "up" then
    reasons[#reasons + 1] = "database_unavailable"
  elseif not db.is_ready() then
    reasons[#reasons + 1] = "starting"
  end
  return #reasons == 0, json.array(reasons), state
end

local HOW = "set the secret `admin` (HUMAN_API_ADMIN_TOKEN, api.admin_token or /etc/human/secrets/admin) and send it "
  .. "as `Authorization: Bearer TOKEN`"

-- Whether the setting api.NAME admits this client without a token; else the reason.
local function is_open(ctx, name)
  local mode = host.conf().api[name]
  if mode == "open" then return true end
  if mode == "token" then return false, "api." .. name .. " is \"token\"" end
  return ctx:is_local()
end

-- For authenticators of operators: the actor with the admin token, or one that needs none by the setting
-- api.NAME ("auto": clients on this machine; "open": everybody; "token": nobody).  Else nil, a code and a message
-- that says why not and what to do.  what: the protected resource, as the subject of a sentence.
function M.operator(ctx, token, name, what)
  if token and crypto.secret_equal("admin", token) then return { id = "admin", kind = "operator" } end
  local open, why = is_open(ctx, name)
  if open then return { id = "management", kind = "operator" } end
  if token then why = why .. ", and this token is not the right one" end
  return nil, "admin_token_required", { message = ("%s needs the admin token: %s; %s"):format(what, why, HOW) }
end

-- Counters and gauges of all processes in the Prometheus text format 0.0.4.
function M.metrics_text()
  probe()
  return require("human.observe.gauges").text()
end

local function document(module)
  local g = gen.current()
  local texts = rendered[g] or {}
  rendered[g] = texts
  return require("human.http.openapi").once(texts, module, function() return require(module).render(g) end)
end

local types = setmetatable({}, { __mode = "k" })  -- generation -> text

-- The OpenAPI document of the generation in service, as JSON text.  base: where a proxy serves us, or nil.
function M.openapi(base) return require("human.http.openapi").at(document "human.http.openapi", base) end

-- A text about the APIs of the generation in service, for a client: kind "json", "html" or "md" of a surface, "index"
-- or "llms" (human.http.api_docs).
function M.api_text(ctx, kind, surface)
  return require("human.http.api_docs").text(gen.current(), kind, surface, ctx:base())
end

-- A file that the pages of the documentation load: "style" or "script".
function M.docs_file(name) return require("human.http.api_docs").files[name] end

-- The AsyncAPI document of its Socket.IO servers, as JSON text.
function M.asyncapi(base) return require("human.sio.asyncapi").at(document "human.sio.asyncapi", base) end

-- The OpenRPC document of its RPC sockets, as JSON text.
function M.openrpc(base) return require("human.http.rpc_docs").at(document "human.http.rpc_docs", base) end

-- The methods and events of its RPC sockets as types of TypeScript, the text of a .d.ts file.
function M.types()
  local g = gen.current()
  types[g] = types[g] or require("human.http.rpc_docs").types(g)
  return types[g]
end

return M
