-- spec/lua/replay_report_spec.lua -- the report of a replay, including what it did not examine.

require("plain_host").install()
local report = require "human.cli.replay_report"

describe("the report of a replay", function()
  local function of(taken)
    return { edits = { { file = "a.lua", path = "a.lua" } }, rules = {}, bundles = {}, groups = {}, errors = {},
             sample = {}, examined = 12, taken = taken, unchanged = 12, changed = 0, failed = 0, skipped = 0, limit = 100 }
  end

  it("says about how many decisions its rules did not keep", function()
    assert.matches("%(about 988 more were taken and not kept, as their rules say%)", report.text(of(1000)))
    assert.matches('"taken":1000', report.json(of(1000)))
    assert.is_nil(report.text(of(12)):find "more were taken")
  end)
end)
