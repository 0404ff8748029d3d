-- host/lua/http/assets.lua -- serves files where there is no route, as api.assets declares.  C finds and sends them
-- (host/http/assets.c); this decides which tree to search, and the answer when there is no file.
-- Must never answer in place of an API: paths below one get its errors, not a page.

local access = require "human.observe.request_log"
local answer = require "human.http.answer"
local cors = require "human.http.cors"
local ctx_module = require "human.http.ctx"
local host = require "human.core.host"
local log = require "human.log"
local sched = require "human.core.sched"
local security = require "human.http.security"

local byte, find, gmatch, match, sub = string.byte, string.find, string.gmatch, string.match, string.sub

local M = {}
local GET, HEAD, SLASH = 1, 2, 47
local NONE, DIRECTORY, METHOD = host.ASSET.NONE, host.ASSET.DIRECTORY, host.ASSET.METHOD
local LINKS, FALLBACK, IMMUTABLE = host.ASSET.LINKS, host.ASSET.FALLBACK, host.ASSET.IMMUTABLE
local DENIED, GONE, DOWN = host.E.DENIED, host.E.GONE, host.E.DOWN
local TELL_S = 60
local ACCEPT_MAX = 1024
local OPTIONS = { embedded = "string", dir = "string", fallback = "string", immutable = "string", links = "boolean",
                  agent_port = "boolean", yields = "boolean", cors = true, headers = true }
local REDIRECT = "location: ./%s/%s\r\n"
local ALLOW = { headers = { allow = "GET, HEAD" } }
local BUSY = { retry_after_s = 1 }

-- Declaring -------------------------------------------------------------------------------------------

local function check(prefix, o, where)
  if type(prefix) ~= "string" or not (prefix == "/" or prefix:find "^/[^{}?#%%]*[^{}?#%%/]$") or prefix:find "//" then
    error(where .. ": the path must begin and must not end with /, and has no parameters", 0)
  end
  if type(o) ~= "table" then error(where .. ": the second argument must be a table", 0) end
  for key, value in pairs(o) do
    if not OPTIONS[key] or OPTIONS[key] ~= true and OPTIONS[key] ~= type(value) then
      error(("%s: api.assets has no %s option '%s'"):format(where, type(value), tostring(key)), 0)
    end
  end
  if not o.embedded and not o.dir then error(where .. ": needs embedded or dir", 0) end
  if o.embedded and not o.embedded:find "^[%w_%-]+$" then error(where .. ": embedded must be a plain name", 0) end
  for _, name in ipairs { "fallback", "immutable" } do
    local path = o[name] and host.asset_path("/" .. o[name])
    if o[name] and path ~= o[name] then error(where .. ": " .. name .. " must be a path below it", 0) end
  end
end

-- An absolute directory, or false for the tree in the binary.
local function directory(o)
  if not o.dir or o.dir == "" then return false end
  if byte(o.dir) == SLASH then return o.dir end
  return host.conf().home .. "/" .. o.dir
end

-- Of two declarations for a path, the one that yields is none, whichever comes first; else they clash.
local function makes_room(g, prefix, o, where)
  for i, other in ipairs(g.assets) do
    if other.path == prefix then
      if o.yields then return false end
      if not other.yields then error(where .. ": " .. prefix .. " has files already, from " .. other.where, 0) end
      table.remove(g.assets, i)
      return true
    end
  end
  return true
end

--- Declares the files below `prefix` in generation g.
function M.declare(g, prefix, o, where)
  check(prefix, o, where)
  if not makes_room(g, prefix, o, where) then return end
  local mount = {
    path = prefix, below = prefix == "/" and "/" or prefix .. "/", where = where, dir = directory(o),
    yields = o.yields, embedded = o.embedded, fallback = o.fallback, immutable = o.immutable,
    flags = o.links and LINKS or 0, on_agent_port = o.agent_port,
    policy = cors.of_route(cors.check(o.cors, where), false, false, where),
    head = (security.compile(o.headers, where) or { lines = "" }).lines, apis = {},
    label = host.label("files " .. prefix),
  }
  if not mount.dir and (o.embedded or "") == "" then error(where .. ": dir is empty, and nothing is embedded", 0) end
  if not mount.dir and not host.asset_tree(o.embedded) then
    g.warnings[#g.warnings + 1] = ("%s: this binary was built without files called '%s'"):format(where, o.embedded)
  end
  g.assets[#g.assets + 1] = mount
end

-- Notes the first segments below a mount that belong to a route, a group, a shape of errors or a Socket.IO server.
local function note_api(mount, path)
  if sub(path, 1, #mount.below) ~= mount.below then return end
  local part = match(path, "^([^/]+)", #mount.below + 1)
  if part and not find(part, "{", 1, true) then mount.apis[part] = true end
end

--- Once everything is declared: finds the paths of APIs, and sorts mounts so that the longest path wins.
function M.finish(g)
  table.sort(g.assets, function(a, b) return #a.path > #b.path end)
  for _, mount in ipairs(g.assets) do
    for _, route in ipairs(g.routes) do
      note_api(mount, route.path)
      note_api(mount, route.group and route.group.base or "")
    end
    for _, shape in pairs(g.shapes) do
      for _, path in ipairs(shape.paths) do note_api(mount, path) end
    end
    for path in pairs(g.sio_paths) do note_api(mount, path) end
  end
end

-- Serving ---------------------------------------------------------------------------------------------

--- The mount that a path without a route is below, or nil.
function M.find(g, path, on_agent_port)
  for _, mount in ipairs(g.assets) do
    local is_below = path == mount.path or sub(path, 1, #mount.below) == mount.below
    if is_below and (mount.on_agent_port or not on_agent_port) then return mount end
  end
end

-- Does the client want a page?  Scripts, which accept anything, are better served by a 404.
local function is_navigation(req)
  local accept = host.header(req, "accept")
  if not accept or #accept > ACCEPT_MAX then return false end
  for item in gmatch(accept:lower(), "[^,]+") do
    if match(item, "^%s*([%w/]+)") == "text/html" then return not find(item, "q=0%.?0*%s*$") end
  end
  return false
end

local function may_fall_back(job, path)
  local mount = job.mount
  if not mount.fallback or job.method ~= GET and job.method ~= HEAD then return false end
  return not mount.apis[match(path, "^[^/]*")] and is_navigation(job.req)
end

-- The status of C's answer, or C's result if it did not answer; and the number of bytes sent.
local function ask(job, path, flags)
  local mount = job.mount
  flags = mount.flags + flags
  if mount.immutable and sub(path, 1, #mount.immutable) == mount.immutable then flags = flags + IMMUTABLE end
  local head = job.g.common_head .. mount.head .. mount.policy.fixed .. cors.headers(mount.policy, job.req)
    .. "x-request-id: " .. job.id .. "\r\n"
  if not mount.dir then return host.asset_embedded(job.req, mount.embedded, path, flags, head) end
  local status, sent = sched.await(host.asset_file(sched.owner(), job.req, mount.dir, path, flags, head))
  return status, tonumber(sent) or 0
end

local function last_part(path)
  local from = #path
  while byte(path, from) ~= SLASH do from = from - 1 end
  return sub(path, from + 1)
end

-- Redirects with a relative URL, since a proxy may serve us below another path.
local function redirect(job)
  local place = REDIRECT:format(last_part(job.path), job.raw_query and "?" .. job.raw_query or "")
  local head = place .. job.g.common_head .. job.mount.policy.fixed .. "x-request-id: " .. job.id .. "\r\n"
  job.finish(answer.send(job.req, 301, head, ""))
end

-- What is below a path of an API is refused as there.
local function refuse(job, code, data)
  local mount = job.mount
  if mount.apis[match(job.path, "^[^/]*", #mount.below + 1)] then
    return job.refuse(job.req, job.g, job.path, job.method, code, data, nil, job.finish)
  end
  local policy = mount.policy
  local from = { cors = policy, common_head = policy.fixed .. job.g.common_head .. mount.head }
  job.refuse(job.req, job.g, job.path, job.method, code, data, from, job.finish)
end

-- Warns only: a missing directory may come with the next deploy.
local function tell_missing(mount)
  local now = host.now()
  if mount.told_at and now - mount.told_at < TELL_S then return end
  mount.told_at = now
  log.warn("the directory of api.assets is not there", { directory = mount.dir, where = mount.where })
end

local function serve(job)
  local path, why = host.asset_path(sub(job.path, #job.mount.below))
  if not path and why ~= DENIED then return refuse(job, "validation_error", { message = "path is malformed" }) end
  local status, sent = NONE, 0
  if job.path == job.mount.path and path == "" and job.mount.path ~= "/" then
    status = DIRECTORY
  elseif path then
    status, sent = ask(job, path, 0)
    if status == NONE and may_fall_back(job, path) then status, sent = ask(job, job.mount.fallback, FALLBACK) end
  end
  if status > METHOD then return job.finish(status, sent) end
  if status == DOWN then tell_missing(job.mount) end
  if status == GONE then return job.finish(499, 0) end
  if status == DIRECTORY and (job.method == GET or job.method == HEAD) then return redirect(job) end
  if status == NONE or status == DOWN then return refuse(job, "not_found") end
  if status < 0 then return refuse(job, "service_unavailable", BUSY) end
  refuse(job, "method_not_allowed", ALLOW)
end

-- Cancelled or timed out: nothing has been sent yet, or C would have said so.
local function on_finish(task, err)
  if err then refuse(task.job, "service_unavailable", BUSY) end
end

local function serve_in_task(job)
  local task = {
    co = false, ended = false, awaits = 0, limit = host.conf().limits.request_timeout_ms / 1000, gen = job.g,
    req = job.req, label = job.mount.label, ref = job.id, job = job, on_finish = on_finish,
  }
  sched.spawn_as(task, serve, job)
end

--- Answers a request for a file.  refuse_with: from request.lua.
function M.serve(req, g, mount, path, raw_query, method, refuse_with)
  local id = ctx_module.request_id(req)
  mount.points = mount.points or access.points(mount.path == "/" and "/*" or mount.path .. "/*")
  local job = {
    req = req, g = g, mount = mount, path = path, raw_query = raw_query, method = method, id = id,
    finish = access.unrouted(req, g, method, id, mount.points), refuse = refuse_with,
  }
  if not mount.dir then return serve(job) end
  if sched.is_full() then return refuse(job, "service_unavailable", BUSY) end
  serve_in_task(job)
end

return M
