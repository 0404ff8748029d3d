-- host/lua/http/resource.lua -- g:resource(name, options): list, create, read, update, delete of a plain
-- collection, as ordinary routes.  Nothing else is generated.
--
-- options: view (schema of one object), create, update (schemas of bodies), service, auth, limit,
-- errors (further codes), singular (for the summaries).  service is a module with
--   list(ctx, {limit =, after =}) -> array [, total number [, id to continue after]]
--   get(ctx, id), create(ctx, body), update(ctx, id, body) -> object
--   delete(ctx, id)
-- each of which throws a Fail where there is nothing to answer.

local schema = require "human.schema"

local M = {}
local LIMIT, LIMIT_MAX = 50, 200

local function need(options, where)
  for _, name in ipairs { "view", "create", "update", "service" } do
    if type(options[name]) ~= "table" then error(where .. ": resource needs " .. name, 0) end
  end
  for _, name in ipairs { "list", "get", "create", "update", "delete" } do
    if type(options.service[name]) ~= "function" then
      error(where .. ": the service of the resource has no function " .. name, 0)
    end
  end
end

-- Headers of one page: RFC 8288 for Link; X-Total-Count is common practice.
local function page_headers(path, query, total, next_after)
  local headers = {}
  if total then headers["x-total-count"] = ("%d"):format(total) end
  if next_after then
    headers.link = ('<%s?limit=%d&after=%s>; rel="next"'):format(path, query.limit, next_after)
  end
  return headers
end

local function list_route(o)
  return { summary = "List " .. o.plural, query = {
    limit = schema.int { min = 1, max = LIMIT_MAX }:default(LIMIT),
    after = schema.string { min = 1, max = 64 }:optional(),
  }, reply = { [200] = schema.array(o.view) } }, function(ctx)
    local rows, total, next_after = o.service.list(ctx, ctx.query)
    return 200, rows, page_headers(ctx:path(ctx.route.path), ctx.query, total, next_after)
  end
end

local function create_route(o)
  return { summary = "Create a " .. o.singular, body = o.create, reply = { [201] = o.view } },
    function(ctx, body) return 201, o.service.create(ctx, body) end
end

local function get_route(o)
  return { summary = "Get a " .. o.singular, reply = { [200] = o.view } },
    function(ctx) return 200, o.service.get(ctx, ctx.params.id) end
end

local function update_route(o)
  return { summary = "Update a " .. o.singular, body = o.update, reply = { [200] = o.view } },
    function(ctx, body) return 200, o.service.update(ctx, ctx.params.id, body) end
end

local function delete_route(o)
  return { summary = "Delete a " .. o.singular, reply = { [204] = false } }, function(ctx)
    o.service.delete(ctx, ctx.params.id)
    return 204
  end
end

-- Declares the routes through add(method, path, spec, fn).
function M.declare(name, options, where, add)
  need(options, where)
  local plural = name:gsub("%-", " ")
  local singular = options.singular or plural:gsub("ies$", "y"):gsub("s$", "")
  local o = setmetatable({ plural = plural, singular = singular }, { __index = options })
  local one, all = "/" .. name .. "/{id}", "/" .. name
  local function route(method, path, make)
    local spec, fn = make(o)
    spec.auth, spec.limit, spec.errors = o.auth, o.limit, o.errors
    add(method, path, spec, fn)
  end
  route("GET", all, list_route)
  route("POST", all, create_route)
  route("GET", one, get_route)
  route("PUT", one, update_route)
  route("DELETE", one, delete_route)
end

return M
