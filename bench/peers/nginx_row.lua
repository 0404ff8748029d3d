-- bench/peers/nginx_row.lua -- a primary-key read as JSON with LuaSQL (it blocks its worker).
local cjson = require "cjson"
local driver = require "luasql.postgres"

if not package.loaded.bench_connection then
  local env = driver.postgres()
  local conn = assert(env:connect("host=" .. ngx.var.pg_host .. " user=human dbname=human"))
  assert(conn:execute "prepare read(int) as select aid as id, bid as branch, abalance as balance from pgbench_accounts where aid = $1")
  package.loaded.bench_connection = conn
end
local id = tonumber(ngx.var.uri:match "(%d+)$")
local cursor = assert(package.loaded.bench_connection:execute("execute read(" .. id .. ")"))
local row = cursor:fetch({}, "a")
cursor:close()
local out = cjson.encode { id = tonumber(row.id), branch = tonumber(row.branch), balance = tonumber(row.balance) }
ngx.header.content_type = "application/json"
ngx.header.content_length = #out
ngx.print(out)
