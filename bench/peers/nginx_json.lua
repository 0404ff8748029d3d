-- bench/peers/nginx_json.lua -- the JSON route on nginx: parse, check by hand, answer.
local cjson = require "cjson"

local function fail(path)
  ngx.status = 400
  ngx.header.content_type = "application/json"
  ngx.print(cjson.encode { error = "Bad Request", details = { { path = path } } })
end

ngx.req.read_body()
local ok, body = pcall(cjson.decode, ngx.req.get_body_data())
if not ok or type(body) ~= "table" then return fail "" end
local function text(v, max) return type(v) == "string" and #v <= max end
if not text(body.id, 64) then return fail "id" end
if not text(body.name, 100) then return fail "name" end
local price = body.price
if type(price) ~= "number" or price % 1 ~= 0 or price < 1 or price > 1e9 then return fail "price" end
if type(body.tags) ~= "table" or #body.tags > 10 then return fail "tags" end
for _, t in ipairs(body.tags) do
  if not text(t, 40) then return fail "tags" end
end
if type(body.active) ~= "boolean" then return fail "active" end
local out = cjson.encode { id = body.id, name = body.name, price = price, tags = body.tags,
                           active = body.active, total = price * 2 }
ngx.header.content_type = "application/json"
ngx.header.content_length = #out
ngx.print(out)
