-- spec/lua/rocks_spec.lua -- scripts use the libraries of rocks/ with JSON, hashes and null of the host.

local sandbox = require "human.scripts.sandbox"
local json = sandbox.trusted "human.json"

local HERE = { null = json.null, array = json.array, is_array = json.is_array }

describe("A script", function()
  it("may require every library of rocks/, and its parts", function()
    for name in io.popen "ls rocks":lines() do assert.is_table((sandbox.trusted(name)), name) end
    assert.is_table((sandbox.trusted "jsonschema.regex"))
  end)

  it("judges JSON texts by schemas that are JSON texts", function()
    local jsonschema = sandbox.trusted "jsonschema"
    local validator = assert(jsonschema.compile(json.decode [[{
      "properties": { "list": { "type": "array" }, "none": { "type": "null" }, "map": { "type": "object" } },
      "additionalProperties": false }]], HERE))
    assert.is_true(validator:validate(json.decode '{"list":[],"none":null,"map":{}}'))
    for _, text in ipairs { '{"list":{}}', '{"map":[]}', '{"none":0}', '{"other":1}' } do
      assert.is_false((validator:validate(json.decode(text))), text)
    end
  end)

  it("serves JSON-RPC", function()
    local rpc = (sandbox.trusted "jsonrpc").new(HERE)
    local function serve(text) return json.encode(rpc:serve(json.decode(text), function() end)) end
    assert.same(json.decode '{"jsonrpc":"2.0","id":1,"result":null}', json.decode(serve '{"jsonrpc":"2.0","id":1,"method":"x"}'))
    assert.equal(-32600, json.decode(serve "[]").error.code)
    assert.equal("[", serve('[{"jsonrpc":"2.0","id":1,"method":"x"}]'):sub(1, 1))
  end)

  it("signs webhooks", function()
    local hooks = (sandbox.trusted "standardwebhooks").new(sandbox.trusted "human.crypto")
    local headers = hooks:sign("msg_1", 1700000000, "{}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert.equal("v1,x5lVgj0b/JJJaUYaa1+6I5J/EECcryrPlFN4VrkmI94=", headers["webhook-signature"])
    assert.is_table(hooks:verify(headers, "{}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1700000000))
  end)

  it("reads YAML as what JSON says of it", function()
    local value = sandbox.trusted("yaml").parse("a: []\nb: {}\n200: ~\n", { null = json.null, array = json.array })
    assert.same({ "[]", "{}", "null" }, { json.encode(value.a), json.encode(value.b), json.encode(value["200"]) })
  end)
end)
