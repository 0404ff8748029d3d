-- spec/scripts/gateway_scripts_spec.lua -- what is kept of changed scripts, and when it is forgotten.

local db = require "human.db"
local gen = require "human.scripts.generation"
local json = require "human.json"

describe("the history of scripts", function()
  local sql, rules
  local PLACE = "/spec/of/scripts"
  setup(function()
    local g = gen.build(1)
    sql, rules = g.loaded["gateway.scripts.bundles"].sql, g.loaded["gateway.rules.scripts"]
  end)
  teardown(function()
    db.exec("delete from gateway_script_bundles where place = $1", PLACE)
    db.exec("delete from gateway_script_changes where place = $1", PLACE)
    db.exec "delete from gateway_script_texts where hash like 'spec %'"
  end)

  local function add(from, to)
    for i = from, to do
      db.exec(sql.keep, "spec " .. i, "-- " .. i)
      local id = db.value(sql.add, PLACE, "bundle " .. i, nil)
      db.exec(sql.add_file, id, "agent/x.lua", "spec " .. i)
    end
  end

  it("is of the newest bundles, and texts go with the last that names them", function() -- limit: scripts kept
    add(1, rules.bundles + 3)
    db.exec([[insert into gateway_script_changes (place, actor, address, action, path, after_hash)
      values ($1, 'x', 'x', 'save', 'agent/x.lua', 'spec 1')]], PLACE)
    local hashes = json.array {}
    for i, row in ipairs(db.query(sql.old_files, PLACE)) do hashes[i] = row.hash end
    table.sort(hashes)
    assert.same({ "spec 1", "spec 2", "spec 3" }, hashes)
    db.exec(sql.old_bundles, PLACE)
    db.exec(sql.old_texts, json.encode(hashes))
    assert.equal(rules.bundles, #db.query(sql.list, PLACE, 500))
    local function is_kept(hash) return db.value("select true from gateway_script_texts where hash = $1", hash) end
    assert.same({ true, nil, true }, { is_kept "spec 1", is_kept "spec 2", is_kept "spec 4" })
  end)

  it("is of the newest changes", function()
    db.exec([[insert into gateway_script_changes (place, actor, address, action)
      select $1, 'x', 'x', 'reload' from generate_series(1, $2::int)]], PLACE, rules.changes + 5)
    db.exec(sql.old_changes, PLACE)
    assert.equal(rules.changes, db.value("select count(*)::int from gateway_script_changes where place = $1", PLACE))
  end)
end)
