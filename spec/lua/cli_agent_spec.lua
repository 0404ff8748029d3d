-- spec/lua/cli_agent_spec.lua -- `human agent` against a scripted server.

local plain_host = require "plain_host"

local HOME = os.tmpname()
local NAMES = { "human.core.host", "human.fetch", "human.id", "human.json", "human.cli.words", "human.cli.own_server",
                "human.cli.agent_account", "human.cli.agent" }
local URL, INSTANCE = "http://127.0.0.1:4321", ("0123456789abcdef"):rep(2)
local STATUS = ([[{"version":"1","instance":"%s","home":"/h","url":"%s","pin":""}]]):format(INSTANCE, URL)

-- What /health says; the differences are those of a test.
local function health(database_id, instance)
  return { 200, ([[{"status":"ok","version":"1","instance":"%s","database_id":"%s","problems":[]}]]):format(
    instance or INSTANCE, database_id or "db1") }
end

local function sse(...)
  local out = {}
  for i, data in ipairs { ... } do out[i] = "data: " .. data .. "\n\n" end
  return table.concat(out)
end

-- A server in which nothing exists yet: what it answers to "METHOD path".
local function routes()
  return {
    ["GET /health"] = health(),
    ["POST /api/users"] = { 201, '{"id":"cuser"}' },
    ["POST /api/users/cuser/api-keys"] = { 201, '{"id":"ck","key":"ak_secret"}' },
    ["GET /api/agent-types"] = { 200, '[{"id":"ct","name":"Huma-1"}]' },
    ["GET /api/personalities"] = { 200, "[]" },
    ["POST /api/personalities"] = { 201, '{"id":"cp"}' },
    ["GET /api/system-prompts"] = { 200, '[{"id":"cs","name":"Fitness Coach Instructions"}]' },
    ["GET /api/agents"] = { 200, "[]" },
    ["POST /api/agents"] = { 201, '{"id":"ca"}' },
    ["PUT /api/agents/ca/state"] = { 200, "{}" },
    ["GET /api/agents/ca/state"] = { 200, '{"personality":{"name":"Coach Alex"}}' },
    ["POST /api/agents/ca/messages"] = { 200, sse('{"type":"set-typing","isTyping":true}',
      '{"type":"send-message","content":"I hear you"}', '{"type":"add-reaction","emoji":"👍","messageId":"m"}',
      '{"type":"agent-stopped","reason":"completed"}') },
  }
end

describe("human agent", function()
  local saved, cli, seen, server, running, written, complaints, stdout, stderr, stdin

  -- What was asked for, in order.
  local function seen_names()
    local list = {}
    for i, name in ipairs(seen) do list[i] = name end
    return list
  end

  before_each(function()
    os.remove(HOME)
    saved = {}
    for _, name in ipairs(NAMES) do saved[name], package.loaded[name] = package.loaded[name], nil end
    local host = plain_host.new { host = "127.0.0.1", port = 3000, home = HOME }
    host.secret_set = function(name) return name == "admin" end
    host.native.help = function() return "usage: human agent\n" end
    host.native.fact = function() return nil end
    running = STATUS
    host.native.control = function()
      if not running then return "no server of " .. HOME .. " runs", -1 end
      return running, 0
    end
    package.loaded["human.core.host"] = host
    package.loaded["human.id"] = { new = function() return "c0123456789" end }
    seen, server, written, complaints = {}, routes(), {}, {}
    package.loaded["human.fetch"] = function(request)
      local name = (request.method or "GET") .. " " .. request.url:gsub("^" .. URL:gsub("%p", "%%%0"), "")
      seen[#seen + 1] = name
      seen[name] = request
      local answer = server[name]
      if not answer then return nil, { code = "network", message = "refused" } end
      if request.on_chunk and answer[1] == 200 then
        for byte in answer[2]:gmatch "." do request.on_chunk(byte) end
        return { status = 200, headers = {}, body = "" }
      end
      return { status = answer[1], headers = {}, body = answer[2] }
    end
    local agent = require "human.cli.agent"
    cli = { run = function(args) return require("human.cli.words").run("agent", agent.run, args) end }
    stdout, stderr, stdin = io.stdout, io.stderr, io.stdin
    io.stdout = { write = function(_, ...) written[#written + 1] = table.concat { ... } return true end,
                  flush = function() return true end }
    io.stderr = { write = function(_, ...) complaints[#complaints + 1] = table.concat { ... } end }
  end)

  after_each(function()
    io.stdout, io.stderr, io.stdin = stdout, stderr, stdin
    for _, name in ipairs(NAMES) do package.loaded[name] = saved[name] end
    os.execute("rm -rf '" .. HOME .. "'")
  end)

  it("makes what it needs, says the message and shows the answer", function()
    assert.equal(0, cli.run { "-m", "I struggle", "--name", "Sarah" })
    assert.same({ "Coach Alex: I hear you\n", "(Coach Alex reacts with 👍)\n" }, written)
    local sent = require("human.json").decode(seen["POST /api/agents/ca/messages"].body)
    assert.same({ "new-message", "I struggle", "Sarah" },
      { sent.type, sent.content.message.content, sent.content.message.participant.nickname })
    assert.equal("ak_secret", seen["POST /api/agents/ca/messages"].headers["x-api-key"])
    assert.is_nil(seen["POST /api/users"].headers["x-api-key"])
  end)

  it("keeps its key where only its owner can read it, and uses it again", function()
    cli.run { "-m", "one" }
    local pipe = io.popen("stat -c %a '" .. HOME .. "/agent.json'")
    assert.equal("600", pipe:read "*l")
    pipe:close()
    seen = {}
    assert.equal(0, cli.run { "-m", "two" })
    assert.same({ "GET /health", "GET /api/agents/ca/state", "POST /api/agents/ca/messages" }, seen_names())
  end)

  it("begins anew when the server no longer knows its key", function()
    cli.run { "-m", "one" }
    local state, asked = server["GET /api/agents/ca/state"], 0
    server["GET /api/agents/ca/state"] = setmetatable({}, { __index = function(_, i)
      if i == 1 then asked = asked + 1 end
      return asked <= 1 and ({ 401, "{}" })[i] or state[i]
    end })
    seen = {}
    assert.equal(0, cli.run { "-m", "two" })
    assert.truthy(seen["POST /api/users"])
  end)

  it("says which fields a refusal is about, without what would command the terminal", function()
    server["POST /api/agents/ca/messages"] = { 400, [[{"message":"Invalid new-message event","details":[
      {"path":"message.content","message":"must have at most 16000 characters\u001b[2J"},
      {"path":"message.id","message":"must be a string"}]}]] }
    assert.equal(1, cli.run { "-m", "x" })
    assert.same({ "human agent: the server refused the message (400): Invalid new-message event\n"
      .. "  message.content must have at most 16000 characters[2J\n  message.id must be a string\n" }, complaints)
    server["POST /api/agents/ca/messages"] = { 503, "busy" }
    assert.equal(1, cli.run { "-m", "x" })
    assert.matches("%(503%): no reason given", complaints[2])
  end)

  it("says so when no server of this home runs", function()
    running = nil
    assert.equal(1, cli.run { "-m", "x" })
    assert.same({ "human agent: no server of " .. HOME .. " runs\n" }, complaints)
    assert.same({}, seen_names())
  end)

  it("sends nothing but a question for its name to a program that is not the server of this home", function()
    cli.run { "-m", "one" }
    for _, answer in ipairs { health("db1", ("f"):rep(32)), { 200, "{}" }, { 200, "hello" }, { 404, "" } } do
      seen, server["GET /health"] = {}, answer
      assert.equal(1, cli.run { "-m", "two" })
      assert.matches("another program answers at " .. URL:gsub("%p", "%%%0"), complaints[#complaints])
      for _, name in ipairs(seen_names()) do assert.equal("GET /health", name) end
      assert.same({}, seen["GET /health"].headers or {})
    end
  end)

  it("makes a user for each database, and shows none the key of another", function()
    cli.run { "-m", "one" }
    seen, server["GET /health"] = {}, health "db2"
    server["POST /api/users/cuser/api-keys"] = { 201, '{"id":"ck","key":"ak_of_db2"}' }
    assert.equal(0, cli.run { "-m", "two" })
    assert.truthy(seen["POST /api/users"])
    for _, name in ipairs(seen_names()) do assert.not_equal("ak_secret", (seen[name].headers or {})["x-api-key"]) end
    seen, server["GET /health"] = {}, health "db1"
    assert.equal(0, cli.run { "-m", "three" })
    assert.is_nil(seen["POST /api/users"])
    assert.equal("ak_secret", seen["POST /api/agents/ca/messages"].headers["x-api-key"])
  end)

  it("stops a chat before a line goes to a server that has been replaced meanwhile", function()
    local lines = { "one", "two" }
    io.stdin = { read = function()
      if #lines == 1 then server["GET /health"] = health("db1", ("f"):rep(32)) end
      return table.remove(lines, 1)
    end }
    assert.equal(1, cli.run {})
    assert.matches("another program answers", complaints[1])
    local sent = 0
    for _, name in ipairs(seen_names()) do sent = sent + (name:find "messages$" and 1 or 0) end
    assert.equal(1, sent)
  end)

  it("is a filter in a pipe: a line in, what the agent does out, nothing else", function()
    local lines = { "one", "", "two" }
    io.stdin = { read = function() return table.remove(lines, 1) end }
    assert.equal(0, cli.run {})
    local once = "Coach Alex: I hear you\n(Coach Alex reacts with 👍)\n"
    assert.equal(once .. once, table.concat(written))
    server["POST /api/agents/ca/messages"] = { 200, sse '{"type":"agent-stopped","reason":"error"}' }
    lines = { "three" }
    assert.equal(1, cli.run {})
  end)

  it("lets no answer command the terminal", function()
    server["POST /api/agents/ca/messages"] = { 200, sse('{"type":"send-message","content":"a\\u001b[2Jb\\u009bc\\r\\nd\\u0007"}',
      '{"type":"agent-stopped","reason":"completed"}') }
    assert.equal(0, cli.run { "-m", "x" })
    assert.equal("Coach Alex: a[2Jbc\nd\n", table.concat(written))
  end)

  it("keeps nothing and makes nothing at a server that is named by its address", function()
    assert.equal(1, cli.run { "--url", URL, "-m", "x" })
    assert.matches("HUMAN_AGENT_KEY", complaints[1])
    assert.same({}, seen_names())
  end)

  it("tells what the server refuses, and why an agent did not answer", function()
    server["POST /api/users"] = { 401, '{"message":"User management needs the admin token"}' }
    assert.equal(1, cli.run { "-m", "x" })
    assert.matches("answered 401: User management needs the admin token", complaints[1])
    server = routes()
    server["POST /api/agents/ca/messages"] = { 200, sse '{"type":"agent-stopped","reason":"error","code":"overloaded"}' }
    assert.equal(1, cli.run { "-m", "x" })
    assert.same({ "(Coach Alex: no answer, error, overloaded)\n" }, written)
  end)

  it("refuses wrong words, and says which", function()
    for i, case in ipairs { { "a value is missing after %-%-message .TEXT.", "-m" }, { "unknown flag: %-%-mesage .did you mean %-%-message", "--mesage", "x" },
                            { "%-%-message is empty", "-m", " " }, { "unexpected argument: hello", "hello" },
                            { "%-%-agent goes with %-%-url", "--agent", "x" } } do
      assert.equal(2, cli.run { unpack(case, 2) })
      assert.matches(case[1], complaints[i])
      assert.matches("Try `human help agent`", complaints[i])
    end
  end)
end)
