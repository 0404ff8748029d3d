-- host/lua/cli/own_server.lua -- the server of this home, for commands that use its HTTP API.
-- Its control socket reports the address and the TLS key, since the settings that a command reads may differ from
-- those that the server was started with.  The server at that address must report the same instance
-- (/health) before anything else is sent: the address may belong to another server by now.

local fetch = require "human.fetch"
local host = require "human.core.host"
local json = require "human.json"
local sched = require "human.core.sched"

local M = {}
local refused = {}                               -- instance -> why it refused us
local ANSWER_S, TRIES, BETWEEN_S = 5, 3, 0.2     -- it may be replaced between the two requests

--- The server's status from its control socket: {instance, home, url, agent_url, pin, proxy_head
--- (connections from here must begin with one), pid, ..};
--- or nil and why there is none.  Blocks.
function M.status()
  local text, code = host.native.control "status"
  if code ~= 0 then return nil, text end
  local server = json.decode(text)
  if type(server) ~= "table" then return nil, "the server's answer about its state is malformed" end
  if type(server.instance) ~= "string" or server.instance == "" or type(server.url) ~= "string" then
    return nil, ("the server that runs is of version %s and does not say where it listens: restart it")
      :format(tostring(server.version))
  end
  return server
end

--- One request to that server: like human.fetch, with `path` instead of `url`.  Awaits.
function M.request(server, request)
  request.url = server.url .. request.path
  request.pin = server.pin ~= "" and server.pin or nil
  request.proxy_head = server.proxy_head
  request.path = nil
  return fetch(request)
end

--- The headers of an operator, if this process has the admin token: only for a server that was greeted.
function M.operator()
  return host.secret_set "admin" and { authorization = "Bearer ${secret:admin}" } or nil
end

--- Checks that this instance answers.  Its health, or nil and a sentence.  Sends no secret.  Awaits.
function M.greet(server)
  local answer, err = M.request(server, { path = "/health", timeout_s = ANSWER_S })
  if not answer then return nil, err.message end
  local health = json.decode(answer.body)
  if type(health) ~= "table" or health.instance ~= server.instance then
    return nil, ("another program answers at %s, not the server of %s"):format(server.url, server.home)
  end
  return health
end

-- Why a server that was greeted does not show its details to this command.
local function refusal()
  if host.secret_set "admin" then
    return "the admin token of this command is not the server's; `human config` says where it comes from"
  end
  return "the server asks for the admin token (api.internals), and this command has none: set HUMAN_API_ADMIN_TOKEN, "
    .. "or run it as a user who can read api.admin_token or /etc/human/secrets/admin"
end

--- Requests something for operators from a server that was greeted: the answer, or nil and the reason.  Not repeated
--- after a refusal, since a wrong token counts as guessing.  Awaits.
function M.ask(server, path, wait_s)
  if refused[server.instance] then return nil, refused[server.instance] end
  local answer, err = M.request(server, { path = path, timeout_s = wait_s, headers = M.operator() })
  if not answer then return nil, err.message end
  if answer.status == 200 then return answer end
  if answer.status ~= 401 then return nil, path .. " answers " .. answer.status end
  refused[server.instance] = refusal()
  return nil, refused[server.instance]
end

--- Its health as shown to operators; or the public part, and why only that.  Awaits.
function M.inside(server, health)
  if health.workers then return health end       -- which strangers do not see
  if not host.secret_set "admin" then return health, refusal() end
  local answer, why = M.ask(server, "/health", ANSWER_S)
  local told = answer and json.decode(answer.body)
  if type(told) == "table" and told.workers then return told end
  return health, why or "its answer is malformed"
end

--- The server of this home and its health, after checking that it is the right one; or nil and the reason.  Awaits.
function M.find()
  local why
  for try = 1, TRIES do
    if try > 1 then sched.sleep(BETWEEN_S) end
    local server, none = M.status()
    if not server then return nil, none end
    local health
    health, why = M.greet(server)
    if health then return server, health end
  end
  return nil, why
end

return M
