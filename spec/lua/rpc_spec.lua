-- spec/lua/rpc_spec.lua -- RPC sockets: what refuses a load, and what is hard to see over a wire.

local fake_host = require "fake_host"

local HEAD = [[
local api, s, fail, task = require "human.api", require "human.schema", require "human.fail", require "human.task"
local seen = require("human.state").table "rpc"
local g = api.group { auth = %s }
]]
local SOCKET = 'g:rpc_socket("/ws", { summary = "X", dialects = { "gateway", "jsonrpc" }, in_flight = 4, batch = 300 })\n'
local function script(text, auth) return HEAD:format(auth or "false") .. text .. "\nreturn {}" end

describe("an RPC socket", function()
  local app
  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function refusal(text, auth, more)
    local files = { ["api/x/x.lua"] = script(text, auth) }
    for path, other in pairs(more or {}) do files[path] = other end
    local ok, err = pcall(app.load, app, files)
    assert.is_false(ok, text)
    return err
  end

  local function open(text)
    app:load { ["api/x/x.lua"] = script(SOCKET .. text) }
    return app:request({ path = "/ws", websocket = true }).ws
  end

  local function last(ws) return app.sockets[ws].sent[#app.sockets[ws].sent].data end

  local function say(ws, text)
    app:ws_message(ws, text)
    return last(ws)
  end

  it("refuses an answer that no client could read", function()
    local ws = open [[g:rpc("m", { summary = "M", roles = false, result = { x = s.string } }, function() return { x = "\255" } end)]]
    assert.matches('"id":"1","ok":false.*"code":"INTERNAL"', say(ws, '{"type":"req","id":"1","method":"m"}'))
  end)

  it("is refused with the location of a wrong declaration", function()
    local m = 'g:rpc("m", { summary = "M", roles = false, %s }, function() end)'
    for text, why in pairs {
      [SOCKET .. m:format "result = { error = s.string }"] = "api/x/x.lua:5: result must have no field 'error'",
      [SOCKET .. m:format "result = s.array(s.int)"] = "api/x/x.lua:5: result must be an object",
      [SOCKET .. m:format "params = s.string"] = "api/x/x.lua:5: params must be an object",
      [SOCKET .. m:format 'errors = { "nope" }'] = "api/x/x.lua:5: unknown error code 'nope'",
      [SOCKET .. m:format "roles = 5"] = "api/x/x.lua:5: roles must be a list",
      [SOCKET .. m:format "timeout_s = 0"] = "api/x/x.lua:5: timeout_s must be above 0",
      [SOCKET .. m:format "limit = { rate = 0, burst = 1 }"] = "api/x/x.lua:5: limit needs rate",
      [SOCKET .. m:format 'idempotent = "lease"'] = 'api/x/x.lua:5: params: idempotent must be true, false or "tx"',
      [SOCKET .. m:format "idempotent = true, params = s.map(s.int)"] = "params: an idempotent method's are an object with fields",
      [SOCKET .. m:format "parms = {}"] = "api/x/x.lua:5: there is no table option 'parms'",
      [SOCKET .. 'g:rpc("m", { summary = "M" }, function() end)'] = "api/x/x.lua:5: say who may call it",
      [SOCKET .. 'g:rpc("m", { roles = false }, function() end)'] = "api/x/x.lua:5: a summary is needed",
      [SOCKET .. 'g:rpc("a b", { summary = "M" }, function() end)'] = "api/x/x.lua:5: the name must be a word",
      [SOCKET .. 'g:rpc("m", { summary = "M" })'] = "api/x/x.lua:5: the handler must be a function",
      [SOCKET .. m:format "" .. m:format ""] = "api/x/x.lua:5: method m is declared twice, first at api/x/x.lua:5",
      [SOCKET .. 'g:event("e", { summary = "E", payload = { seq = s.int } })'] = "payload must have no field 'seq'",
      ['g:rpc("m", { summary = "M" }, function() end)'] = "api/x/x.lua:4: there is no RPC socket",
      ['g:rpc_socket("/ws", { summary = "X", dialects = { "soap" } })'] = "api/x/x.lua:4: unknown dialect 'soap'",
      ['g:rpc_socket("/ws", { summary = "X", dialects = {} })'] = "api/x/x.lua:4: dialects must name one",
      ['g:rpc_socket("/ws", { summary = "X", batch = 0 })'] = "api/x/x.lua:4: batch must be 1 to 1000",
      ['g:rpc_socket("/ws", { summary = "X", calls = { rate = 1 } })'] = "api/x/x.lua:4: limit needs rate",
      ['g:rpc_socket("/ws", { summary = "X", beat_s = 5 })'] = "api/x/x.lua:4: on_beat and beat_s go together",
      ['g:rpc_socket("/ws", { summary = "X", beat_s = 0, on_beat = function() end })'] = "api/x/x.lua:4: beat_s must be 1 to",
      ['g:rpc_socket("/ws", { summary = "X", odd = 1 })'] = "api/x/x.lua:4: unknown key 'odd'",
      ['g:rpc_socket("/ws", {})'] = "api/x/x.lua:4: a route needs a summary",
    } do
      local err = refusal(text)
      assert.is_truthy(err:find(why, 1, true), err)
    end
  end)

  it("is the one of its area, or what a group says", function()
    local method = 'g:rpc("m", { summary = "M", roles = false }, function() end)'
    local other = HEAD:format "false" .. 'g:rpc_socket("/ws2", { summary = "X" })\n'
    local err = refusal(SOCKET .. 'g:rpc_socket("/ws3", { summary = "X" })\n' .. method)
    assert.matches("which RPC socket", err)
    app:load { ["api/x/x.lua"] = script(SOCKET .. method), ["api/y/y.lua"] = other .. method .. "return {}",
               ["api/z/z.lua"] = 'local api = require "human.api" local g = api.group { rpc = "/ws2" } '
                 .. 'g:rpc("n", { summary = "N", roles = false }, function() end) return {}' }
    local sockets = require("human.scripts.generation").current().websockets
    assert.same({ { "m" }, { "m", "n" } }, { sockets["/ws"].rpc.names, sockets["/ws2"].rpc.names })
  end)

  it("is that of the group itself, whatever other files of the area declare", function()
    local method = 'g:rpc("m", { summary = "M", roles = false }, function() end)'
    app:load { ["api/x/x.lua"] = script(SOCKET .. method), ["api/x/y.lua"] = HEAD:format "false"
                 .. 'g:rpc_socket("/ws2", { summary = "X" })\n' .. method:gsub('"m"', '"n"') .. " return {}" }
    local sockets = require("human.scripts.generation").current().websockets
    assert.same({ { "m" }, { "n" } }, { sockets["/ws"].rpc.names, sockets["/ws2"].rpc.names })
  end)

  -- limit: rpc batch
  it("carries out hundreds of calls of a batch one after another", function()
    local ws = open [[
      local n = 0
      g:rpc("m", { summary = "M", roles = false, params = { wait = s.bool:optional() }, result = { n = s.int } }, function(_, p)
        if p.wait then task.sleep(1) end
        n = n + 1
        return { n = n }
      end)]]
    local list = {}
    for i = 1, 300 do
      list[i] = ('{"jsonrpc":"2.0","id":%d,"method":"m","params":{"wait":%s}}'):format(i, tostring(i % 100 == 0))
    end
    app.on_rate = function() return true end
    app:ws_message(ws, "[" .. table.concat(list, ",") .. "]")
    for _ = 1, 3 do app:advance(1) end
    local answers = require("human.json").decode(last(ws))
    assert.equal(300, #answers)
    for i, answer in ipairs(answers) do assert.same({ i, i }, { answer.id, answer.result.n }) end
    list[301] = list[1]
    assert.matches("a batch holds at most 300 messages", say(ws, "[" .. table.concat(list, ",") .. "]"))
    assert.matches('"code":%-32600.*"id":null', (say(ws, "[]"):gsub('(.*"id":null),"error":(.*)', "%2%1")))
  end)

  -- limit: rpc messages
  it("limits the messages of one connection, even those that are no calls", function()
    local ws = open 'g:rpc("m", { summary = "M", roles = false }, function() end)'
    app.on_rate = function(key) return not key:find "^rpc " end
    assert.equal('{"id":"7","type":"res"}', (say(ws, '{"type":"req","id":"7","method":"m"}')
      :gsub('^{"type":"res","id":"7".*"RATE_LIMITED".*"retryAfterMs":17.*$', '{"id":"7","type":"res"}')))
    for _, text in ipairs { "{", "5", "{}", "[]", '{"jsonrpc":"2.0"}', '{"type":"req","id":{},"method":"m"}' } do
      assert.matches('"reason":"rate_limited"', (say(ws, text):gsub('"code":"rate_limited"', '"reason":"rate_limited"')), nil, text)
    end
  end)

  it("answers before the work that a handler starts, by ctx and by conn, and starts none if the handler fails", function()
    local ws = open [[
      g:event("e", { summary = "E", payload = { n = s.int } })
      g:rpc("m", { summary = "M", roles = false, params = { fails = s.bool:default(false) } }, function(ctx, p)
        local conn = ctx.conn
        task.sleep(0)
        ctx:after(function() conn:event("e", { n = 1 }) end)
        conn:after(function() conn:event("e", { n = 2 }) end)
        if p.fails then fail.throw "conflict" end
      end)]]
    app:ws_message(ws, '{"type":"req","id":"1","method":"m","params":{"fails":true}}')
    app:advance(1)
    app:ws_message(ws, '{"type":"req","id":"2","method":"m"}')
    app:advance(1)
    local texts = {}
    for i, m in ipairs(app.sockets[ws].sent) do texts[i] = m.data end
    assert.same({ '{"type":"res","id":"2","ok":true,"payload":{}}', '{"type":"event","event":"e","payload":{"n":1},"seq":1}',
                  '{"type":"event","event":"e","payload":{"n":2},"seq":2}' }, { texts[2], texts[3], texts[4] })
    assert.equal(4, #texts)
  end)

  it("ends the calls of a client that has left only if they say abort, and holds nothing for it", function()
    local ws = open [[
      g:rpc("stays", { summary = "M", roles = false }, function() task.sleep(1) seen.stayed = true end)
      g:rpc("goes", { summary = "M", roles = false, abort = true }, function() task.sleep(1) seen.went = true end)]]
    local seen = require("human.state").table "rpc"
    seen.stayed, seen.went = nil, nil
    app:ws_message(ws, '{"type":"req","id":"1","method":"stays"}')
    app:ws_message(ws, '{"type":"req","id":"2","method":"goes"}')
    app:ws_closed(ws, 1001)
    app:advance(2)
    assert.same({ true, nil }, { seen.stayed, seen.went })
    assert.equal(0, require("human.core.sched").live())
  end)

  it("takes a key if a method is idempotent, and does not sign in there", function()
    local ws = open [[
      api.auth("a", { type = "http", scheme = "bearer" }, function() return { id = "u" } end)
      g:rpc("m", { summary = "M", roles = false, idempotent = true, params = { n = s.int }, result = { n = s.int } },
        function(ctx, p)
          if p.n == 2 then ctx:sign_in("a", "token") end
          return { n = p.n }
        end)
      g:rpc("other", { summary = "M", roles = false, params = { n = s.int } }, function() end)]]
    assert.matches('"ok":true,"payload":{"n":1}', say(ws, '{"type":"req","id":"1","method":"m","params":{"n":1}}'))
    assert.matches("INTERNAL", say(ws, '{"type":"req","id":"2","method":"m","params":{"n":2}}'))
    assert.matches("ctx:sign_in: not in an idempotent method", app.host.lines[#app.host.lines].line)
    local bad = '{"type":"req","id":"3","method":"%s","params":{"n":1,"idempotencyKey":"%s"}}'
    assert.matches("idempotencyKey must be visible ASCII characters", say(ws, bad:format("m", "a b")))
    assert.matches("idempotencyKey is not a known field", say(ws, bad:format("other", "a")))
    local shown = require("human.http.rpc_docs").render(require("human.scripts.generation").current())
    assert.matches('"name":"idempotencyKey"', shown)
    assert.matches("idempotency_answer_lost", shown)
  end)

  it("keeps what a client wrote in s.json, and tells no client of a bug", function()
    local ws = open [[
      g:rpc("echo", { summary = "M", roles = false, params = { v = s.json }, result = { v = s.json } }, function(_, p) return p end)
      g:rpc("bug", { summary = "M", roles = false }, function() error "a secret" end)
      g:rpc("odd", { summary = "M", roles = false, result = { n = s.int } }, function() return { n = "x" } end)]]
    local text = '{"jsonrpc":"2.0","id":1,"method":"echo","params":{"v":{"n":1.0,"big":12345678901234567890}}}'
    assert.equal('{"jsonrpc":"2.0","id":1,"result":{"v":{"n":1.0,"big":12345678901234567890}}}', say(ws, text))
    for _, method in ipairs { "bug", "odd" } do
      local answer = say(ws, ('{"type":"req","id":"1","method":"%s"}'):format(method))
      assert.matches('"code":"INTERNAL".*"requestId"', answer)
      assert.is_nil(answer:find("secret", 1, true))
    end
  end)

  local BEATS = HEAD:format "false" .. [[
    g:rpc_socket("/ws", { summary = "X", dialects = { "gateway" }, beat_s = 5, on_beat = function(conn)
      conn:event("beat", { by = "%s" })
      if conn.data.fails then error "odd" end
    end })
    g:event("beat", { summary = "B", payload = { by = s.string } })
    g:rpc("fail", { summary = "F", roles = false }, function(ctx) ctx.conn.data.fails = true end)
    return {}]]

  it("beats for each connection with the scripts in service, not for one that has gone, and despite one that fails", function()
    local function load(by) app:load { ["api/x/x.lua"] = BEATS:format(by) } end
    load "old"
    local odd, ws = app:request({ path = "/ws", websocket = true }).ws, app:request({ path = "/ws", websocket = true }).ws
    app:ws_message(odd, '{"type":"req","id":"1","method":"fail"}')
    app:advance(5.1)
    assert.equal('{"type":"event","event":"beat","payload":{"by":"old"},"seq":1}', last(ws))
    load "new"
    app:advance(5.1)
    assert.equal('{"type":"event","event":"beat","payload":{"by":"new"},"seq":2}', last(ws))
    assert.equal('{"type":"event","event":"beat","payload":{"by":"new"},"seq":2}', last(odd))
    local n = #app.sockets[ws].sent
    app:ws_closed(ws, 1001)
    app:ws_closed(odd, 1001)
    app:advance(20)
    assert.equal(n, #app.sockets[ws].sent)
  end)

  it("treats an actor of kind public as nobody, and answers twice, or notifies, on request", function()
    local auth = [[api.auth("any", { type = "http", scheme = "bearer", optional = true }, function(_, token)
        return token and { id = "u", role = "user" } or { id = "x", kind = "public" }
      end)
    ]]
    local methods = [[
      g:rpc("m", { summary = "M", result = { n = s.int } }, function(ctx)
        ctx.conn:join "us"
        return { n = 1 }
      end)
      g:event("piece", { summary = "P", payload = { n = s.int }, notification = true })
      g:rpc("again", { summary = "A", roles = false }, function()
        require("human.rpc").to("/ws", "us"):answer("m", "7", { n = 2 })
      end)
      g:rpc("pieces", { summary = "A", roles = false }, function(ctx)
        require("human.rpc").to("/ws", "us"):event("piece", { n = 3 })
        ctx.conn:event("piece", { n = 4 })
      end)]]
    app:load { ["api/x/x.lua"] = script(auth .. SOCKET .. methods, '"any"') }
    local public = app:request({ path = "/ws", websocket = true }).ws
    assert.matches('"code":"UNAUTHORIZED"', say(public, '{"type":"req","id":"1","method":"m"}'))
    local ws = app:request({ path = "/ws", websocket = true, headers = { authorization = "Bearer t" } }).ws
    assert.equal('{"type":"res","id":"7","ok":true,"payload":{"n":1}}', say(ws, '{"type":"req","id":"7","method":"m"}'))
    say(ws, '{"method":"again"}')
    assert.equal('{"type":"res","id":"7","ok":true,"payload":{"n":2}}', last(ws))
    say(ws, '{"method":"pieces"}')
    local sent = app.sockets[ws].sent
    assert.same({ '{"jsonrpc":"2.0","method":"piece","params":{"n":3}}', '{"jsonrpc":"2.0","method":"piece","params":{"n":4}}' },
      { sent[#sent - 1].data, sent[#sent].data })
  end)
end)
