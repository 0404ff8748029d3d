-- spec/lua/lossy_spec.lua -- invalid Unicode becomes U+FFFD exactly where it does in JavaScript.

local json = require "human.json"
local lossy = require "human.core.lossy"
local cost = require "spec.support.cost"

local FFFD = "\239\191\189"

-- What JSON.parse and an encoding as UTF-8 make of the text between quotes.
local SURROGATES = {
  { [[a\ud800b]], "a" .. FFFD .. "b" }, { [[\udc00]], FFFD }, { [[\uDFFF\uD800]], FFFD .. FFFD }, { [[\ud83d\ude00]], "\240\159\152\128" },
  { [[\ud83d\ud83d\ude00]], FFFD .. "\240\159\152\128" }, { [[\ud83d\ude00\ude00]], "\240\159\152\128" .. FFFD },
  { [[\\ud800]], [[\ud800]] }, { [[\\\ud800]], "\\" .. FFFD }, { [[\\\\ud800]], [[\\ud800]] }, { [[\"\ud800\"]], '"' .. FFFD .. '"' },
  { [[\ud800\u0041]], FFFD .. "A" }, { [[\ud800\n]], FFFD .. "\n" }, { [[\ud7ff\ue000]], "\237\159\191\238\128\128" },
  { [[\uD83D\\uDE00]], FFFD .. [[\uDE00]] }, { [[x\ud800]], "x" .. FFFD }, { [[]], "" },
}

-- As TextDecoder does it.
local BYTES = {
  { "abc", "abc" }, { "\195\164", "\195\164" }, { "\255", FFFD }, { "a\195", "a" .. FFFD }, { "\195a", FFFD .. "a" },
  { "\237\160\128", FFFD:rep(3) }, { "\226\130", FFFD }, { "\226\130\130\226\130", "\226\130\130" .. FFFD },
  { "\192\128", FFFD:rep(2) }, { "\240\159\152\128", "\240\159\152\128" }, { "\240\159\152", FFFD }, { "\240\128\128\128", FFFD:rep(4) },
  { "\244\144\128\128", FFFD:rep(4) }, { "\128\128", FFFD:rep(2) }, { "\225\128\225\128\128", FFFD .. "\225\128\128" }, { "", "" },
}

describe("text that is no Unicode", function()
  for _, case in ipairs(SURROGATES) do
    it("is read as JavaScript reads it: " .. case[1], function()
      for _, text in ipairs { '["%s"]', '["x","%s"]', '["%s","\\u0041"]' } do
        local value = json.decode(lossy.json((text:gsub("%%s", function() return case[1] end))))
        assert.equal(case[2], value[text:find "x" and 2 or 1])
      end
    end)
  end

  for i, case in ipairs(BYTES) do
    it("is read as a TextDecoder reads it, case " .. i, function() assert.equal(case[2], lossy.utf8(case[1])) end)
  end

  it("takes time that grows with its length only", function()
    assert.is_true(cost.within(5, function()
      for _, unit in ipairs { [[\ud800]], [[\ud83d\ude00]], [[\\]], "\\", [[\"]] } do lossy.json(unit:rep(200000) .. [[\ud800]]) end
      for _, unit in ipairs { "\255", "\226\130", "\195\164" } do lossy.utf8(unit:rep(300000) .. "\255") end
    end))
  end)
end)
