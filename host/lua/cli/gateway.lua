-- host/lua/cli/gateway.lua -- `human gateway --check`: would the gateway start with these settings, who could connect,
-- and do its channels have what they need?  Starts and changes nothing.  The settings of the host were read before this
-- runs (exit status 2 when they are wrong); those of scripts are refused as a start or a reload refuses them.

local cli = require "human.cli.words"
local doctor = require "human.cli.doctor"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local machine = require "human.cli.doctor_machine"
local own_server = require "human.cli.own_server"
local service = require "human.cli.doctor_service"

local M = {}

-- ---- who may connect ----------------------------------------------------------------------------------------

local function bind(r)
  local wanted = r.ask("source", "host") or ""
  if wanted:find("without gateway.allow_public_bind", 1, true) then
    local text = "gateway.host is left out: it would listen on %s, for this machine only"
    return r:warn("bind", text:format(r.conf.host),
      "set gateway.allow_public_bind, and gateway.auth_token or gateway.require_pairing")
  end
  r:ok("bind", ("%s:%d, for %s"):format(r.conf.host, r.conf.port,
    machine.is_loopback(r.conf.host) and "this machine only" or "whoever reaches that address"))
end

local function who(r, gateway)
  if not gateway.enabled then return r:warn("access", "the gateway is switched off", "set gateway.enabled to true") end
  local token = host.secret_set "gateway.auth_token"
  if token or gateway.require_pairing then
    return r:ok("access", "clients need " .. (token and "gateway.auth_token, or the token of a paired device"
      or "to be paired (`human pair`)"))
  end
  if machine.is_loopback(r.conf.host) then
    return r:ok("access", "any program of this machine is the operator, no other is")
  end
  r:warn("access", "nobody from another machine can connect: there is neither a token nor pairing",
    "set gateway.auth_token or gateway.require_pairing")
end

local function origins(r, list)
  if #list == 0 then return r:ok("origins", "only its own page") end
  r:ok("origins", "its own page, and pages of " .. table.concat(list, ", "))
end

-- ---- channels -----------------------------------------------------------------------------------------------

-- Has anybody set anything of this channel?
local function is_begun(g, name)
  local prefix = "channels." .. name .. "."
  for _, def in ipairs(g.settings.order) do
    if def.name:sub(1, #prefix) == prefix and (def.source or def.is_set) then return true end
  end
  return false
end

local function channels(r, g)
  local channel = g.loaded["gateway.channel"]
  if not channel then return end
  for _, c in ipairs(channel.list()) do
    for _, account in ipairs(is_begun(g, c.name) and channel.accounts(c) or {}) do
      local name = account.name == channel.MAIN and c.name or c.name .. ":" .. account.name
      local missing = channel.missing(c, account)
      if not account.enabled then
        r:ok("channel", name .. " is switched off")
      elseif missing then
        r:fail("channel", ("%s: %s is not set"):format(name, missing), "docs/channels.md says where to find it")
      else
        r:ok("channel", name .. " has all that it needs; `human channels probe " .. name .. "` asks the vendor")
      end
    end
  end
end

-- ---- the whole ----------------------------------------------------------------------------------------------

local function examine(r)
  local server = own_server.status()
  if server then r:ok("server", ("one of this home runs already, process %d"):format(server.pid)) end
  machine.home(r)
  bind(r)
  if not server then machine.ports(r) end
  machine.certificates(r)
  local g = service.scripts(r)
  if not g then return gen.refuses_settings(r.refused) end
  who(r, g.config.gateway)
  origins(r, g.config.gateway.cors_origins)
  channels(r, g)
  service.model(r, g, false)
end

function M.run(args)
  local words, o = cli.parse("gateway", args, { ["--json"] = true })
  cli.count("gateway", words, {}, 0, 0)
  local r = machine.report(host.native.fact, host.conf())
  local wrong_settings = examine(r)
  local status = doctor.print(r, o)
  return wrong_settings and 2 or status
end

return M
