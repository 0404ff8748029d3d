-- spec/host/postmortem_spec.lua -- the text of a crash report, when what it is read from is broken.  The reports
-- themselves: spec/e2e/watchdog.test.mjs.

local ffi = require "ffi"

local C = require "c_types" ("server/postmortem.h", "postmortem_write", "postmortem_writer")
require "c_types" ("server/bridge.h", "bridge_trace")

describe("the text of a crash report", function()
  local text = ffi.new "char[200]"
  local function written(writer, size)
    C.postmortem_write(writer, text, size or 200)
    return ffi.string(text)
  end
  local broken = ffi.cast("postmortem_writer *", 8) -- there is no code: as bad as a frame that is half written

  it("has who called whom in the scripts, and fits", function()
    assert.matches("postmortem_spec.lua:%d+ < ", written(C.bridge_trace))
    assert.equal(29, #written(C.bridge_trace, 30))
  end)

  it("is ? where a fault ends it, as often as that happens", function()
    for _ = 1, 3 do assert.equal("?", written(broken)) end
    assert.matches("postmortem_spec.lua:%d+", written(C.bridge_trace))
  end)
end)
