-- host/lua/spec.lua -- what `human test` offers to the specs of an operator's scripts.
-- A rule needs none of this: require it and call it.  A route is tested over real HTTP:
-- serve() puts all scripts in force in this process.

local db = require "human.db"
local fetch = require "human.fetch"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local migrate = require "human.pg.migrate"
local sched = require "human.core.sched"

local M = {}
local Server = {}
Server.__index = Server
local DATABASE_S, LOOK_S = 30, 0.02

--- A private database for this run, empty except for the schema; it is deleted afterwards.  Awaits.
function M.database()
  if db.is_ready() then return end
  if not host.db_up() and not host.native.database() then error("there is no database for this spec", 2) end
  local until_at = host.clock() + DATABASE_S
  while not host.db_up() do
    if host.clock() > until_at then error("the database of this spec does not answer", 2) end
    sched.sleep(LOOK_S)
  end
  migrate.run()
  db.open()
end

--- Serves the scripts in force in this process.  options.database: with one.  Awaits.
function M.serve(options)
  if options and options.database then M.database() end
  local request = require "human.http.request"
  gen.install(gen.build(host.native.generation))
  sched.on_event(host.EV.REQUEST, function(status, id, _, target) request.on_request(id, status, target) end,
    require("human.http.answer").last_resort)
  return setmetatable({ url = "http://127.0.0.1:" .. host.conf().port }, Server)
end

--- A module of the scripts that serve() has put in force.
function M.script(name) return gen.current().loaded[name] end

--- The secret HUMAN_SECRET_<NAME> for the rest of the run.
function M.secret(name, value) host.native.set_secret(name, value) end

--- One request: {method = "GET", path =, headers = {[name] = value}, json = a value, or body = a string}.
--- Returns {status, headers, body, json = the decoded body where it is JSON}.  Awaits.
function Server:request(r)
  local headers, body = {}, r.body
  for name, value in pairs(r.headers or {}) do headers[name] = value end
  if r.json ~= nil then
    body = json.encode(r.json)
    headers["content-type"] = headers["content-type"] or "application/json"
  end
  local answer, err = fetch { url = self.url .. r.path, method = r.method or "GET", headers = headers, body = body }
  if not answer then error("no answer from " .. r.path .. ": " .. tostring(err.message), 2) end
  answer.json = answer.body ~= "" and json.decode(answer.body) or nil
  return answer
end

function Server:get(path, headers) return self:request { path = path, headers = headers } end
function Server:post(path, value, headers)
  return self:request { method = "POST", path = path, json = value, headers = headers }
end

return M
