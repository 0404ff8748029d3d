-- spec/scripts/agent_routes_spec.lua -- the agent API as its documentation lists it, and who may use it.

local fake_host = require "fake_host"

-- The documentation's "Endpoints", in its order; the last is ours.
local ROUTES = [[
POST /api/users
GET /api/users/{id}
PUT /api/users/{id}
DELETE /api/users/{id}
GET /api/users/{userId}/api-keys
POST /api/users/{userId}/api-keys
DELETE /api/users/{userId}/api-keys/{keyId}
POST /api/users/{userId}/api-keys/{keyId}/regenerate
GET /api/personalities
POST /api/personalities
GET /api/personalities/{id}
PUT /api/personalities/{id}
DELETE /api/personalities/{id}
GET /api/system-prompts
POST /api/system-prompts
GET /api/system-prompts/{id}
PUT /api/system-prompts/{id}
DELETE /api/system-prompts/{id}
GET /api/agents
POST /api/agents
GET /api/agents/{id}
PUT /api/agents/{id}
DELETE /api/agents/{id}
GET /api/agents/{id}/state
PUT /api/agents/{id}/state
GET /api/agents/{id}/events
GET /api/agent-types
GET /api/agent-types/{id}
POST /api/agent-types
POST /api/agents/{id}/messages]]

local MANAGEMENT = { ["/api/users"] = true, ["/api/users/{id}"] = true, ["/api/users/{userId}/api-keys"] = true,
  ["/api/users/{userId}/api-keys/{keyId}"] = true, ["/api/users/{userId}/api-keys/{keyId}/regenerate"] = true }

-- The agent API's own files, without what others keep beside them.
local function files()
  local out = {}
  local list = io.popen "cd scripts && find api/agent agent -name '*.lua' -not -name market_identity.lua"
  for path in list:lines() do
    local f = assert(io.open("scripts/" .. path))
    out[path] = f:read "*a"
    f:close()
  end
  list:close()
  return out
end

describe("the agent API", function()
  local app, gen
  local function start(conf)
    app = fake_host.start { conf = conf }
    gen = app:load(files())
  end
  after_each(function() app:stop() end)

  it("has the documented routes, all on its own port", function()
    start()
    local have = {}
    for _, r in ipairs(gen.routes) do have[r.title] = r end
    local count = 0
    for title in ROUTES:gmatch "[^\n]+" do
      assert.is_truthy(have[title], title .. " is missing")
      assert.is_true(have[title].on_agent_port)
      assert.are.equal("agent", have[title].shape.name)
      count = count + 1
    end
    assert.are.equal(count, #gen.routes)
  end)

  it("asks for a key everywhere but where the documentation says No Auth", function()
    start()
    for _, r in ipairs(gen.routes) do
      local path, status = r.path:gsub("{%w+}", "c00000001"), nil
      if r.auth_spec == "agent_key" then status = app:request({ method = r.method, path = path, json = {} }).status end
      local public = r.path:find "^/api/agent%-types" and r.method == "GET"
      local management = MANAGEMENT[r.path] or r.title == "POST /api/agent-types"
      assert.are.equal(management and "management" or not public and "agent_key" or false, r.auth_spec, r.title)
      assert.is_true(status == nil or status == 401, r.title)
    end
  end)

  local function create_user(token, from)
    return app:request { method = "POST", path = "/api/users", json = { email = "a@example.com" }, ip = from.ip,
                         headers = { authorization = token and "Bearer " .. token, host = from.host, origin = from.origin } }
  end
  local OUTSIDE = { ip = "203.0.113.9" }

  local cases = {
    { "open to this machine", {}, nil, 201 },
    { "open to this machine on ::1", {}, nil, 201, { ip = "::1" } },
    { "closed to other machines", {}, nil, "203.0.113.9 is not on this machine; set the secret `admin`", OUTSIDE },
    { "closed to other names of this machine", {}, nil, "'evil.example' is not a name", { host = "evil.example" } },
    { "closed to pages of other origins", {}, nil, "another origin", { origin = "https://evil.example" } },
    { "closed to a wrong token", {}, "guess", "this token is not the right one", OUTSIDE },
    { "open to the admin token", {}, "admin-token", 201, OUTSIDE },
    { "open to the admin token that a page knows", {}, "admin-token", 201, { origin = "https://evil.example" } },
    { "open to everybody when told so", { api = { user_management = "open" } }, nil, 201, OUTSIDE },
    { "closed to this machine when told so", { api = { user_management = "token" } }, nil, 'user_management is "token"' },
    { "open to the token alone when told so", { api = { user_management = "token" } }, "admin-token", 201 },
  }
  for _, c in ipairs(cases) do
    it("keeps the management routes " .. c[1], function()
      start(c[2])
      app.secrets.admin = "admin-token"
      app.on_query = function()
        return { { id = "c00000001", email = "a@example.com", createdAt = "2025-01-01T00:00:00.000Z",
                   updatedAt = "2025-01-01T00:00:00.000Z" } }
      end
      local answer = create_user(c[3], c[5] or {})
      if c[4] == 201 then return assert.are.equal(201, answer.status) end
      assert.are.same({ 401, "admin_token_required" }, { answer.status, answer.json.code })
      assert.is_truthy(answer.json.message:find(c[4], 1, true), answer.json.message)
    end)
  end

  it("never looks at the database for what cannot be a key", function()
    start()
    for _, key in ipairs { "ak_short", "hm_" .. ("a"):rep(32), "ak_" .. ("a"):rep(33) } do
      local answer = app:request { path = "/api/agents", headers = { ["x-api-key"] = key } }
      assert.are.equal(401, answer.status)
    end
    assert.are.same({}, app.statements)
  end)
end)
