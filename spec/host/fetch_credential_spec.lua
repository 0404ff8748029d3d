-- spec/host/fetch_credential_spec.lua -- credentials that scripts hold sealed: opened in C, and shown where they are told.

local crypto = require "human.crypto"
local human_fetch = require "human.fetch"

local CONTEXT, SECRET = "rows.token 7", "us:er+s3cret&/="
local server, origin

local function ask(as, name, more)
  local request = { url = origin .. "/echo", credential = { sealed = crypto.seal(SECRET, CONTEXT), context = CONTEXT, as = as, name = name } }
  for key, value in pairs(more or {}) do request[key] = value end
  local answer, err = human_fetch(request)
  return answer and answer.body, err
end

local function changed(change)
  local c = { sealed = crypto.seal(SECRET, CONTEXT), context = CONTEXT, as = "bearer" }
  for key, value in pairs(change) do c[key] = value end
  return { url = origin .. "/echo", credential = c }
end

describe("a sealed credential", function()
  setup(function()
    server = assert(io.popen("exec node spec/support/fault_server.mjs"))
    origin = "http://127.0.0.1:" .. assert(server:read "*l", "the fault server did not start")
  end)
  teardown(function()
    human_fetch { url = origin .. "/quit" }
    server:close()
  end)

  it("is shown in a header of that name, as bearer and as basic", function()
    assert.truthy(ask("header", "X-Token"):find("\r\nX-Token: " .. SECRET .. "\r\n", 1, true))
    assert.truthy(ask("bearer"):find("\r\nAuthorization: Bearer " .. SECRET .. "\r\n", 1, true))
    for n = 1, 4 do
      local text = ("a:bcd"):sub(1, n)
      local body = human_fetch(changed { sealed = crypto.seal(text, CONTEXT), as = "basic" }).body
      assert.truthy(body:find("\r\nAuthorization: Basic " .. crypto.base64(text) .. "\r\n", 1, true), text)
    end
  end)

  it("is shown as a parameter, escaped, before the fragment", function()
    local shown = "t%C3%B6%20ken=us%3Aer%2Bs3cret%26%2F%3D"
    assert.truthy(ask("query", "tö ken"):find("^GET /echo%?" .. shown:gsub("%%", "%%%%") .. " "))
    assert.truthy(ask("query", "tö ken", { url = origin .. "/echo?a=b#c" }):find("^GET /echo%?a=b&" .. shown:gsub("%%", "%%%%") .. " "))
  end)

  it("does not go out when it does not open for its context, has been altered, or has a control character", function()
    local altered = crypto.seal(SECRET, CONTEXT)
    altered = altered:sub(1, 40) .. (altered:sub(41, 41) == "b" and "c" or "b") .. altered:sub(42)
    for what, change in pairs { context = { context = "rows.token 8" }, altered = { sealed = altered }, text = { sealed = SECRET },
                                control = { sealed = crypto.seal("a\r\nHost: b", CONTEXT) }, nul = { sealed = crypto.seal("a\0b", CONTEXT) } } do
      local answer, err = human_fetch(changed(change))
      assert.same({ what, nil, "credential" }, { what, answer, err.code })
      assert.is_nil(err.message:find("s3cret", 1, true))
    end
  end)

  it("has a place that is no header of the host's, and a limit", function() -- limit: sealed credential
    assert.equal("network", select(2, ask("header", "Host:")).code)
    assert.equal("network", select(2, ask("header", "Content-Length")).code)
    assert.equal("credential", select(2, human_fetch(changed { sealed = crypto.seal(("x"):rep(16400), CONTEXT) })).code)
    assert.equal("too_large", select(2, ask("query", ("x"):rep(17000))).code)
    for _, wrong in ipairs { { as = "cookie" }, { as = "header" }, { as = "bearer", name = "X" }, { context = "" }, { sealed = 5 } } do
      assert.is_false((pcall(human_fetch, changed(wrong))))
    end
  end)

  it("goes with guarded requests, which are given no other secret", function()
    local _, err = ask("bearer", nil, { guard = true, url = "https://127.0.0.1/" })
    assert.truthy(err.message:find("the address is not a public one", 1, true))
  end)
end)

describe("a sealed text", function()
  it("is sealed for another context without being shown", function()
    local again = crypto.reseal(crypto.seal(SECRET, "old"), "old", "new 7")
    assert.equal(SECRET, crypto.open(again, "new 7"))
    assert.same({ nil, "altered" }, { crypto.reseal(again, "old", "new 8") })
    assert.same({ nil, "not_sealed" }, { crypto.reseal("x", "old", "new 8") })
  end)
end)
