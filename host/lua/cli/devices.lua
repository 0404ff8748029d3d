-- host/lua/cli/devices.lua -- `human devices`: who was paired with the gateway, browsers that have signed in included.

local remote = require "human.cli.remote"

local M = {}

local COLUMNS = {
  { "ID", "id" }, { "ROLE", "role" }, { "PAIRED", function(row) return remote.when(row.created_at) end },
  { "LAST USED", function(row) return remote.when(row.last_used_at) end }, { "LABEL", "label" },
}

function M.list(o) return remote.list(remote.call "device.pair.list", "paired", o, COLUMNS, "No device is paired.") end

function M.revoke(o, id)
  return remote.show(remote.call("device.pair.revoke", { id = id }), o, "Revoked; its connections have ended.")
end

M.run = remote.command("devices", {}, {
  list = { run = M.list }, revoke = { words = { "ID" }, run = M.revoke },
}, "list", { see = "devices", says = { id = "ID" } })

return M
