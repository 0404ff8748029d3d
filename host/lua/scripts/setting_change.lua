-- host/lua/scripts/setting_change.lua -- a change of the settings file that a script requests (config.set).
-- The supervisor writes the file once the checker and all workers have accepted it.

local host = require "human.core.host"
local json = require "human.json"
local sched = require "human.core.sched"

local M = {}
local TRIES, PAUSE_S = 600, 0.1                  -- while a reload or another change is in progress: it may last
local CHANGES_MAX, REQUEST_MAX = 100, 262144

local function request_of(changes, base_hash)
  local names, parts = {}, { base_hash or "" }
  for name in pairs(changes) do names[#names + 1] = name end
  if #names > CHANGES_MAX then error("config.set: at most " .. CHANGES_MAX .. " changes", 4) end
  table.sort(names)
  for _, name in ipairs(names) do
    if type(name) ~= "string" or #name > 200 or name:find "[^%w_.]" then
      error("config.set: " .. tostring(name) .. " is no name of a setting", 4)
    end
    parts[#parts + 1], parts[#parts + 2] = name, json.encode(changes[name])
  end
  if #names == 0 then error("config.set: there is nothing to change", 4) end
  local request = table.concat(parts, "\0") .. "\0"
  if #request > REQUEST_MAX then error("config.set: too much at once", 4) end
  return request
end

local function ask(request)
  for _ = 1, TRIES do
    local status, text = sched.await(host.settings_set(sched.owner(), request))
    if status < 0 then return nil, "failed", host.error_name(status) end
    if status == 1 or text ~= "busy" then return status == 1, text:match "^(%S*) ?([^\n]*)\n?(.*)$" end
    sched.sleep(PAUSE_S)
  end
  return nil, "busy", "", "a reload is under way"
end

-- The names of settings that need a restart: the host's, and those of scripts (from the checker).
local function waiting(own, said)
  local list = json.array {}
  for name in own:gmatch "[%w_.]+" do list[#list + 1] = name end
  for line in said:gmatch "[^\n]+" do
    local name = line:match "^warning: a restart is needed for ([%w_.]+)$"
    if name then list[#list + 1] = name end
  end
  return list
end

function M.set(changes, base_hash)
  if type(changes) ~= "table" then error("config.set: changes must be a table", 3) end
  if base_hash ~= nil and (type(base_hash) ~= "string" or not base_hash:find "^%x+$") then
    error("config.set: base_hash must be what config.hash() gave", 3)
  end
  if sched.current().tx then error("config.set: not inside a transaction", 3) end
  local ok, code, rest, said = ask(request_of(changes, base_hash))
  if ok then return { hash = host.settings_hash(), restart = waiting(rest, said) } end
  return nil, { code = code, message = said ~= "" and said or rest }
end

return M
