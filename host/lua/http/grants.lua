-- host/lua/http/grants.lua -- connections held open for an actor: streams, WebSockets, Socket.IO sockets.
-- A key is checked when a connection begins; this closes the connection when the key is revoked: at
-- once if scripts announce it (human.guard) or settings and scripts are replaced, and within limits.recheck_ms in any
-- case: messages may be lost, so each worker asks the authenticators (`still` of api.auth) which actors are valid.
-- Owns nothing: an object held here has a method revoke(), and removes itself when it ends.

local gen = require "human.scripts.generation"
local host = require "human.core.host"
local log = require "human.log"
local sched = require "human.core.sched"
local timer = require "human.core.timer"

local M = {}
local BATCH = 1000                               -- actors per call of `still`
local held = setmetatable({}, { __mode = "k" })  -- holder -> {actor, authority (an authenticator's name)}
local waiting = false

-- Revokes the holders in a list whose actors are no longer valid.
local function check(still, list)
  local actors = {}
  for i, holder in ipairs(list) do actors[i] = held[holder] and held[holder].actor or {} end
  local known = still(actors)
  for i, holder in ipairs(list) do
    if held[holder] and not known[i] then holder:revoke() end
  end
end

local function by_authority()
  local lists = {}
  for holder, grant in pairs(held) do
    local batches = lists[grant.authority] or { {} }
    if #batches[#batches] == BATCH then batches[#batches + 1] = {} end
    table.insert(batches[#batches], holder)
    lists[grant.authority] = batches
  end
  return lists
end

-- only: a set of names of authenticators, or nil for all.
local function check_all(only)
  local auth = gen.current().auth
  for name, batches in pairs(by_authority()) do
    local still = (not only or only[name]) and auth[name] and auth[name].scheme.still
    for _, list in ipairs(still and batches or {}) do
      local ok, err = pcall(check, still, list)
      if not ok then
        if err == sched.Canceled then error(err, 0) end
        log.warn("actors of open connections could not be checked", { authenticator = name, error = tostring(err) })
      end
    end
  end
end

local look

local function look_later()
  waiting = true
  timer.start(host.conf().limits.recheck_ms / 1000, look)
end

function look()
  waiting = false
  if next(held) == nil then return end
  local label = host.label "checking who may stay"
  sched.spawn_as({ label = label, on_finish = function() if not waiting then look_later() end end }, M.recheck)
end

--- Revokes now whom the authenticators with these names (nil: all) do not accept any more.  Awaits.
function M.recheck(names)
  if next(held) == nil then return end
  local only = names and {}
  for _, name in ipairs(names or {}) do only[name] = true end
  check_all(only)
end

--- Calls holder:revoke() once the authenticator of this name no longer accepts the actor.
function M.hold(holder, actor, authority)
  if not actor then return end
  held[holder] = { actor = actor, authority = authority or "" }
  if not waiting then look_later() end
end

--- The grant of a holder: {actor, authority}, or nil.
function M.of(holder) return held[holder] end

--- The holder has ended.  Returns its grant.
function M.drop(holder)
  local grant = held[holder]
  held[holder] = nil
  return grant
end

local function is_meant(actor, fields)
  for name, value in pairs(fields) do
    if actor[name] == value then return true end
  end
end

--- Revokes the holders whose actor has one of these field values.
function M.revoke(fields)
  local list = {}
  for holder, grant in pairs(held) do
    if is_meant(grant.actor, fields) then list[#list + 1] = holder end
  end
  for _, holder in ipairs(list) do holder:revoke() end
end

return M
