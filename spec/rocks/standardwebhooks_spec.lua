-- spec/rocks/standardwebhooks_spec.lua -- webhooks are signed and verified; what strangers change is refused.

local sha256 = require "sha256"
local webhooks = require "standardwebhooks"

local base64 = webhooks.base64
local SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" .. base64.encode(("k"):rep(32))
local NOW = 1700000000
local hooks = webhooks.new(sha256)

local function with(headers, changes)
  local out = {}
  for name, value in pairs(headers) do out[name] = value end
  for name, value in pairs(changes) do out[name] = value or nil end
  return out
end

describe("A webhook", function()
  local headers = hooks:sign("msg_1", NOW, "{}", SECRET)

  it("has the signature that other libraries give it", function()
    assert.equal("v1,x5lVgj0b/JJJaUYaa1+6I5J/EECcryrPlFN4VrkmI94=", headers["webhook-signature"])
    assert.equal("v1,xFzS4SpXv5dwmlBFxTLiDJcLSZkRsxtXAbGkb7yUq2w=",
      hooks:sign("msg_1", NOW, "{}", "whsec_my_signing_secret")["webhook-signature"])
  end)

  it("is verified with its secret, and with no other", function()
    assert.same({ id = "msg_1", timestamp = NOW }, hooks:verify(headers, "{}", SECRET, NOW))
    assert.same({ nil, "no_match" }, { hooks:verify(headers, "{}", OTHER, NOW) })
    assert.same({ nil, "no_match" }, { hooks:verify(headers, "{ }", SECRET, NOW) })
  end)

  it("is verified while either side replaces its secret", function()
    local both = hooks:sign("msg_1", NOW, "{}", { OTHER, SECRET })
    for _, secret in ipairs { SECRET, OTHER } do assert.is_table(hooks:verify(both, "{}", secret, NOW)) end
    assert.is_table(hooks:verify(headers, "{}", { OTHER, SECRET }, NOW))
  end)

  it("is refused when it is too old or too new (limit: webhook tolerance)", function()
    assert.is_table(hooks:verify(headers, "{}", SECRET, NOW + 300))
    assert.is_table(hooks:verify(headers, "{}", SECRET, NOW - 300))
    assert.same({ nil, "too_old" }, { hooks:verify(headers, "{}", SECRET, NOW + 301) })
    assert.same({ nil, "too_new" }, { hooks:verify(headers, "{}", SECRET, NOW - 301) })
    assert.is_table(webhooks.new(sha256, { tolerance_s = 3600 }):verify(headers, "{}", SECRET, NOW + 3600))
  end)

  local v1 = headers["webhook-signature"]
  local changes = {
    { "without an id", { ["webhook-id"] = false }, "missing_header" },
    { "without a time", { ["webhook-timestamp"] = false }, "missing_header" },
    { "without a signature", { ["webhook-signature"] = false }, "missing_header" },
    { "with another id", { ["webhook-id"] = "msg_2" }, "no_match" },
    { "with another time", { ["webhook-timestamp"] = "1700000001" }, "no_match" },
    { "with a time that is none", { ["webhook-timestamp"] = "1700000000abc" }, "malformed_timestamp" },
    { "with a negative time", { ["webhook-timestamp"] = "-1" }, "malformed_timestamp" },
    { "with an id that has a full stop", { ["webhook-id"] = "msg_1.1700000000" }, "malformed_id" },
    { "with an id that is too long", { ["webhook-id"] = ("x"):rep(257) }, "malformed_id" },
    { "with a signature of another version", { ["webhook-signature"] = v1:gsub("v1", "v1a") }, "no_match" },
    { "with a signature that is cut", { ["webhook-signature"] = v1:sub(1, -2) }, "no_match" },
    { "with a signature that is longer", { ["webhook-signature"] = v1 .. "=" }, "no_match" },
    { "with a signature without a version", { ["webhook-signature"] = v1:sub(4) }, "no_match" },
    { "with signatures that are too long (limit: webhook signatures)", { ["webhook-signature"] = (v1 .. " "):rep(100) }, "malformed_signature" },
    { "with too many signatures", { ["webhook-signature"] = ("v1,x "):rep(16) .. v1 }, "no_match" },
  }
  for _, change in ipairs(changes) do
    it("is refused " .. change[1], function()
      assert.same({ nil, change[3] }, { hooks:verify(with(headers, change[2]), "{}", SECRET, NOW) })
    end)
  end

  it("is verified beside signatures of other versions", function()
    local more = with(headers, { ["webhook-signature"] = "v1a,xyz v2,abc  " .. v1 })
    assert.is_table(hooks:verify(more, "{}", SECRET, NOW))
  end)

  it("is not signed with an empty secret, or an id that reads as two", function()
    assert.has_error(function() hooks:sign("msg_1", NOW, "{}", "") end)
    assert.has_error(function() hooks:verify(headers, "{}", { SECRET, "" }, NOW) end)
    assert.has_error(function() hooks:sign("msg.1", NOW, "{}", SECRET) end)
  end)
end)

describe("Base64", function()
  it("is read as it is written, and in no other way", function()
    for n = 0, 40 do
      local bytes = ("\0\255\16\131aZ"):rep(7):sub(1, n)
      assert.equal(bytes, base64.decode(base64.encode(bytes)))
    end
    for _, bad in ipairs { "A", "AA", "AAA", "A===", "AA=A", "AB==", "AAB=", "AA*=", "AAAA=", "AA==AAAA", "AAA\n" } do
      assert.is_nil(base64.decode(bad), bad)
    end
  end)
end)
