-- scripts/api/gateway/update.lua -- newer versions: whether there is one, and installing it.

local s = require "human.schema"
local surface = require "api.gateway.surface"
local release = require "gateway.release"
local update = require "gateway.update"

local M = {}
if not surface.on then return M end

local g = surface.group "System"

g:rpc("update.check", {
  summary = "Is there a newer version?", roles = surface.READERS, errors = { "updates_disabled", "update_unknown" },
  description = "Asks update.url, whose answer has to be signed by update.public_key; while neither is set, nobody is "
    .. "asked.",
  result = {
    current = s.string, latest = s.string, available = s.bool, current_version = s.string, latest_version = s.string,
    url = s.string:describe "where people read about it",
    last = s.object {
      version = s.string, state = s.string:describe "started, installed or failed", error = s.string:optional(),
      started_at = s.time, finished_at = s.time:optional(),
    }:optional():describe "what update.run did last, on any worker",
  },
}, function(ctx)
  if not update.is_on() then ctx:fail "updates_disabled" end
  local found, why = update.check()
  if found then return setmetatable({ last = release.last() }, { __index = found }) end
  ctx:fail("update_unknown", { message = "It is not known whether there is a newer version: " .. why })
end)

g:rpc("update.run", {
  summary = "Install a newer version", roles = surface.OPERATOR, timeout_s = 700,
  errors = { "updates_disabled", "updates_not_installed", "update_unknown", "update_failed" },
  description = "Beside the one that runs, which stays to go back to, where files.releases says. It is in service once "
    .. "the server is restarted; while it comes, the answer after eight seconds is started.",
  result = {
    status = s.string:describe "updated, started, or current: there is no newer one", version = s.string,
    restart_required = s.bool, message = s.string,
  },
}, function(ctx)
  if not update.is_on() then ctx:fail "updates_disabled" end
  local done, code, why = release.run()
  if done then return done end
  ctx:fail(code, why and { message = why } or nil)
end)

return M
