-- spec/lua/cli_agent_spec.lua -- `human agent` against a scripted server.

local plain_host = require "plain_host"

local HOME = os.tmpname()
local NAMES = { "human.host", "human.fetch", "human.id", "human.json", "human.cli_agent" }

local function sse(...)
  local out = {}
  for i, data in ipairs { ... } do out[i] = "data: " .. data .. "\n\n" end
  return table.concat(out)
end

-- A server in which nothing exists yet: what it answers to "METHOD path".
local function routes()
  return {
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
  local saved, cli, seen, server, written, complaints, stdout, stderr

  before_each(function()
    os.remove(HOME)
    saved = {}
    for _, name in ipairs(NAMES) do saved[name], package.loaded[name] = package.loaded[name], nil end
    local host = plain_host.new { host = "127.0.0.1", port = 3000, home = HOME }
    host.secret_set = function() return false end
    package.loaded["human.host"] = host
    package.loaded["human.id"] = { new = function() return "c0123456789" end }
    seen, server, written, complaints = {}, routes(), {}, {}
    package.loaded["human.fetch"] = function(request)
      local name = request.method .. " " .. request.url:gsub("^http://127.0.0.1:3000", "")
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
    cli = require "human.cli_agent"
    stdout, stderr = io.stdout, io.stderr
    io.stdout = { write = function(_, ...) written[#written + 1] = table.concat { ... } end, flush = function() end }
    io.stderr = { write = function(_, ...) complaints[#complaints + 1] = table.concat { ... } end }
  end)

  after_each(function()
    io.stdout, io.stderr = stdout, stderr
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
    assert.same({ "GET /api/agents/ca/state", "POST /api/agents/ca/messages" }, { seen[1], seen[2] })
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

  it("says so when no server answers", function()
    server = {}
    assert.equal(1, cli.run { "-m", "x" })
    assert.same({ "human agent: no server answers at http://127.0.0.1:3000: start one with `human gateway`\n" }, complaints)
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

  it("refuses wrong words with its usage", function()
    for _, args in ipairs { { "-m" }, { "--what" }, { "-m", " " }, { "hello" } } do
      assert.equal(2, cli.run(args))
    end
    assert.equal(4, #complaints)
    assert.equal(0, cli.run { "--help" })
    assert.matches("usage", written[1])
  end)
end)
