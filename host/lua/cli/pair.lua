-- host/lua/cli/pair.lua -- `human pair`: a code to pair a device with, as a link for browsers, too; and what there is.

local cli = require "human.cli.words"
local devices = require "human.cli.devices"
local remote = require "human.cli.remote"

local M = {}

local function code(o)
  local new = remote.call "device.pair.code"
  new.url = remote.url() .. "/#token=" .. new.code
  return remote.show(new, o, {
    ("Code %s, good once, until %s."):format(new.code, remote.when(new.expires_at)),
    "A browser: open " .. new.url,
    ('A device: POST %s/pair {"code": "%s"}'):format(remote.url(), new.code),
  })
end

function M.run(args)
  local words, o = cli.parse("pair", args, { ["--json"] = true, ["--list"] = true, ["--revoke"] = "ID" })
  cli.count("pair", words, {}, 0, 0)
  if o.list and o.revoke then cli.misused("pair", "--list and --revoke do not go together") end
  if o.list then return devices.list(o) end
  remote.about { see = "devices", says = { id = "ID" }, word = o.revoke }
  if o.revoke then return devices.revoke(o, o.revoke) end
  return code(o)
end

return M
