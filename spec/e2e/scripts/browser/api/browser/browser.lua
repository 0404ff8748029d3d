-- spec/e2e/scripts/browser/api/browser/browser.lua -- headers, cookies and paths, for browser.test.mjs.

local api = require "human.api"
local s = require "human.schema"
local task = require "human.task"

local M = {}
local Any = s.object { value = s.string:optional(), values = s.array(s.string):optional() }
local reply = { [200] = Any }

api.auth("session", { type = "apiKey", cookie = "__Host-sid" }, function(ctx, token)
  if ctx:header "X-Device" == "stolen" then return nil, "forbidden" end
  return token == "good" and { id = "u1" } or nil
end)

local g = api.group { base = "/in", auth = false }

g:get("/header/{name}", { summary = "A header, before and after a wait", reply = reply }, function(ctx)
  local before = ctx:header(ctx.params.name)
  task.sleep(0.01)
  if before ~= ctx:header(ctx.params.name) then error "changed" end
  return 200, { value = before, values = ctx:header_values(ctx.params.name) }
end)

g:get("/cookie/{name}", { summary = "A cookie", reply = reply }, function(ctx)
  return 200, { value = ctx:cookie(ctx.params.name), values = ctx:cookies(ctx.params.name) }
end)

g:post("/login", { summary = "Sets cookies", idempotent = false, reply = reply }, function(ctx)
  ctx:set_cookie("__Host-sid", "good", { max_age_s = 3600 })
  ctx:set_cookie("theme", "dark", { http_only = false, secure = false, path = "/in", same_site = "Strict" })
  ctx:clear_cookie("old")
  return 200, {}, { link = { "</a>; rel=prev", "</b>; rel=next" }, ["set-cookie"] = { "a=1", "__Secure-b=2; Secure" } }
end)

g:get("/wrong/{how}", { summary = "What may not be set", reply = reply }, function(ctx)
  local how = {
    host_path = function() ctx:set_cookie("__Host-a", "b", { path = "/in" }) end,
    host_domain = function() ctx:set_cookie("__host-a", "b", { domain = "example.com" }) end,
    insecure = function() ctx:set_cookie("__Secure-a", "b", { secure = false }) end,
    none = function() ctx:set_cookie("a", "b", { same_site = "None", secure = false }) end,
    value = function() ctx:set_cookie("a", "b; Domain=x") end,
    line = function() ctx:set_cookie("a", "b\r\nx: y") end,
    name = function() ctx:set_cookie("a b", "c") end,
    path = function() ctx:set_cookie("a", "b", { path = "/; Domain=x" }) end,
    option = function() ctx:set_cookie("a", "b", { samesite = "Lax" }) end,
    long = function() ctx:set_cookie("a", ("x"):rep(4096)) end,
  }
  local ok, why = pcall(how[ctx.params.how])
  return 200, { value = ok and "was set" or tostring(why) }
end)

g:get("/raw", { summary = "A broken promise", reply = reply }, function()
  return 200, {}, { ["set-cookie"] = { "__Host-a=b; Secure" } }
end)

g:stream("/stream", { summary = "Sets a cookie" }, function(ctx)
  ctx:set_cookie("s", "1")
  ctx:stream():close()
end)

local mine = api.group { base = "/mine", auth = "session", cors = "https://app.example", errors = { "forbidden" } }
mine:get("/me", { summary = "Who", reply = reply }, function(ctx) return 200, { value = ctx.actor.id } end)
mine:post("/do", { summary = "Changes", idempotent = false, reply = reply }, function() return 200, { value = "done" } end)
mine:websocket("/ws", { summary = "Says a header" }, {
  on_open = function(conn)
    task.sleep(0.01)
    conn:send(tostring(conn:header "x-DEVICE"))
  end,
  on_message = function(conn, name) conn:send(tostring(conn:header(name))) end,
})

local page = api.group { base = "/page", auth = false, headers = { "page", ["X-Frame-Options"] = "SAMEORIGIN",
                                                                   ["permissions-policy"] = false } }
page:get("/ok", { summary = "Ok", query = { own = s.bool:default(false) }, reply = { [200] = s.raw "text/html" } },
  function(ctx)
    if ctx.query.own then return 200, "<p>", { ["Content-Security-Policy"] = "default-src 'none'" } end
    return 200, "<p>"
  end)
page:post("/fail", { summary = "Fails", body = s.object {}, reply = reply }, function() error "a bug" end)

api.assets("/ui", { dir = "ui", headers = "page" })

local files = api.group { base = "/files", auth = false }
local function show(prefix)
  return function(ctx) return 200, { value = prefix .. ":" .. (ctx.params.path or ctx.params.id or "") } end
end
files:get("/{path...}", { summary = "Any file", reply = reply }, show "rest")
files:get("/fixed", { summary = "This one", reply = reply }, show "fixed")
files:get("/a/{id}", { summary = "Below a", reply = reply }, show "param")
files:get("/a/{id}/meta", { summary = "About it", reply = reply }, show "meta")
files:post("/b/{path...}", { summary = "Below b", params = { path = s.string { max = 5 } }, reply = reply }, show "b")

return M
