-- spec/scripts/gateway_push_spec.lua -- Web Push, checked by the example of RFC 8291, and what is no subscription.

local crypto = require "human.crypto"
local web = require "gateway.push.web"

local function bytes(text) return assert(crypto.unbase64url(text)) end

-- RFC 8291, section 5 and appendix A.
local EXAMPLE = {
  text = "When I grow up, I want to be a watermelon",
  own = { private = bytes "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
          public = bytes "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8" },
  key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
  auth = "BTBZMqHH6r4Tts7J_aSIgg", salt = bytes "DGv6ra1nlYgDCS1FRnbzlw",
  body = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    .. "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
}

describe("a message of Web Push", function()
  it("is, byte for byte, that of RFC 8291", function()
    local e = EXAMPLE
    assert.equal(e.body, crypto.base64url(web.encrypt(e.text, bytes(e.key), bytes(e.auth), e.own, e.salt)))
  end)

  it("has new keys and a new salt each time", function()
    local one, other = web.encrypt("x", bytes(EXAMPLE.key), bytes(EXAMPLE.auth)), web.encrypt("x", bytes(EXAMPLE.key), bytes(EXAMPLE.auth))
    assert.are_not.equal(one:sub(1, 16), other:sub(1, 16))
    assert.are_not.equal(one:sub(22, 86), other:sub(22, 86))
  end)

  it("fits into one record, or is an error", function()
    assert.equal(4096, #web.encrypt(("x"):rep(3993), bytes(EXAMPLE.key), bytes(EXAMPLE.auth)))
    assert.has_error(function() web.encrypt(("x"):rep(3994), bytes(EXAMPLE.key), bytes(EXAMPLE.auth)) end)
  end)
end)

describe("a subscription", function()
  local function with(change)
    local value = { endpoint = "https://push.example/abc", keys = { p256dh = EXAMPLE.key, auth = EXAMPLE.auth } }
    change(value)
    return web.subscription(value)
  end

  it("may have padding", function()
    assert.is_truthy(with(function(v) v.keys.p256dh, v.keys.auth = v.keys.p256dh .. "=", v.keys.auth .. "==" end))
  end)

  for what, change in pairs {
    ["without keys"] = function(v) v.keys = nil end,
    ["with a short secret"] = function(v) v.keys.auth = "BTBZMqHH" end,
    ["with a key that is no point"] = function(v) v.keys.p256dh = crypto.base64url("\4" .. ("\1"):rep(64)) end,
    ["with a compressed key"] = function(v) v.keys.p256dh = crypto.base64url("\2" .. ("\1"):rep(32)) end,
    ["with a number for a key"] = function(v) v.keys.p256dh = 5 end,
    ["with a key of a megabyte"] = function(v) v.keys.p256dh = ("A"):rep(1000000) end,
    ["at another scheme"] = function(v) v.endpoint = "file:///etc/passwd" end,
    ["at a user's"] = function(v) v.endpoint = "https://a:b@push.example/" end,
    ["that asks for a secret"] = function(v) v.endpoint = "https://push.example/${secret:openai}" end,
    ["with a line break"] = function(v) v.endpoint = "https://push.example/\r\nx: y" end,
  } do
    it(what .. " is none", function() assert.is_nil((with(change))) end)
  end
end)
