-- spec/scripts/marketplace_rubrics_spec.lua -- an output, a schema and a rubric: what is found, that rubrics are refused with
-- the field that is wrong, and that strangers' texts take little time, whatever they are.

local gen = require "human.scripts.generation"
local json = require "human.json"
local rubrics

local function report(rubric, output, schema)
  return rubrics.report(rubric and json.encode(rubric), schema and json.encode(schema), json.encode(output))
end

local function failed(rubric, output, schema)
  local out = {}
  for _, r in ipairs(report(rubric, output, schema).results) do
    if not r.passed then out[#out + 1] = r.check .. ": " .. r.message end
  end
  return out
end

local function problem(text)
  local ok, err = pcall(rubrics.must_be_valid, text, "evaluation_rubric")
  if ok then return nil end
  return err.data.details[1].path
end

describe("a rubric", function()
  setup(function()
    local scripts = gen.build(1)
    gen.install(scripts)
    rubrics = scripts.loaded["marketplace.rubrics"]
  end)

  it("says nothing where nothing was agreed", function()
    assert.is_nil(report(nil, {}))
    assert.is_nil(report({}, {}))
    assert.is_true(report(nil, { a = "x" }, { a = "string" }).passed)
  end)

  it("always has the schema hold, whatever the threshold", function()
    local r = report({ checks = { { check = "field_complete", field = "a" } }, pass_threshold = 0.1 }, { a = 1 }, { a = "string" })
    assert.same({ false, 0.5, "schema_valid" }, { r.passed, r.score, r.results[1].check })
  end)

  it("looks at fields of fields, at texts by their characters and at lists by their values", function()
    assert.same({}, failed({ min_length = { ["report.summary"] = 3, points = 2 } },
      { report = { summary = "äöü" }, points = { 1, 2 } }))
    assert.same({ "min_length: Field points length 0 < required 1" }, failed({ min_length = { points = 1 } }, { points = 7 }))
    assert.same({ "max_length: Field a length 3 > allowed 2" }, failed({ max_length = { a = 2 } }, { a = "äöü" }))
    assert.same({ "field_complete: Field a.b is missing" }, failed({ field_complete = { "a.b" } }, { a = "text" }))
    assert.same({ "field_complete: Field a is missing" }, failed({ field_complete = { "a" } }, { a = json.null }))
    assert.same({ "field_complete: Field a is empty" }, failed({ field_complete = { "a" } }, { a = json.array {} }))
  end)

  it("knows what is still to be written, as whole words", function()
    for text, found in pairs { ["TODO: all"] = "todo", ["Lorem ipsum dolor"] = "lorem ipsum", ["price: N/A"] = "n/a", xxxx = "xxx",
        ["<insert name>"] = "<insert", ["Dear [your name here],"] = "[your name here]", ["a placeholder."] = "placeholder" } do
      assert.equal(found, rubrics.placeholder(text), text)
    end
    for _, text in ipairs { "mastodon", "todos", "xx", "xxxa", "here]", "[a] is here]", "placeholders", "fixme_later", "" } do
      assert.is_nil(rubrics.placeholder(text), text)
    end
    assert.same({ "no_placeholder: Field a.b[1] has placeholder text: tbd" },
      failed({ no_placeholder = true }, { a = { b = { "done", "TBD" } }, z = "todo" }))
    assert.same({}, failed({ no_placeholder = { "a" } }, { a = "done", z = "todo" }))
  end)

  it("knows addresses", function()
    for _, url in ipairs { "https://a.example", "http://a.example:80/x?y#z", "HTTPS://a/x" } do
      assert.same({}, failed({ url_format = { "u" } }, { u = url }), url)
    end
    for _, url in ipairs { "a.example", "ftp://a.example", "https://", "https://a b", "https://a:x", "javascript:alert(1)",
        "https://" .. ("a"):rep(2048) } do
      assert.equal(1, #failed({ url_format = { "u" } }, { u = url }), url)
    end
  end)

  it("is refused with the field that is wrong", function()
    for text, path in pairs { ["[]"] = "", ["3"] = "", ['{"a": 1}'] = ".a", ['{"checks": {"a": 1}}'] = ".checks", ['{"checks": [1]}'] = ".checks[0]",
        ['{"checks": [{"check": "no"}]}'] = ".checks[0].check", ['{"checks": [{"check": "max_length", "field": "a", "value": 1.5}]}'] = ".checks[0].value",
        ['{"checks": [{"check": "schema_valid", "field": "a"}]}'] = ".checks[0].field", ['{"min_length": null}'] = ".min_length",
        ['{"field_complete": [1]}'] = ".field_complete", ['{"no_placeholder": 1}'] = ".no_placeholder", ['{"pass_threshold": 0}'] = ".pass_threshold",
        ['{"checks": [{"check": "url_format", "field": "a", "weight": 1001}]}'] = ".checks[0].weight" } do
      assert.equal("evaluation_rubric" .. path, problem(text), text)
    end
    assert.is_nil(problem '{"no_placeholder": false}')
    assert.is_nil(problem(nil))
  end)

  it("of many fields is refused before they are sorted", function() -- limit: rubric checks
    local map, list = {}, json.array {}
    for i = 1, 3000 do map["f" .. i], list[i] = i, { check = "no_placeholder" } end
    assert.equal("evaluation_rubric.min_length", problem(json.encode { min_length = map }))
    assert.equal("evaluation_rubric.checks", problem(json.encode { checks = list }))
    for i = 51, 3000 do list[i] = nil end
    assert.is_nil(problem(json.encode { checks = list }))
    assert.is_true(report({ checks = list }, { a = "done" }).passed)
  end)

  it("takes little time for any text", function()
    local long = 250000
    for _, text in ipairs { ("["):rep(long), ("here]"):rep(long / 5), ("x"):rep(long), ("xx "):rep(long / 3), ("todos "):rep(long / 6),
        ("<inser"):rep(long / 6), ("[" .. ("here"):rep(20)):rep(long / 81) } do
      local began = os.clock()
      rubrics.placeholder(text)
      assert.is_true(os.clock() - began < 1, text:sub(1, 10))
    end
    local began = os.clock()
    failed({ url_format = { "u" } }, { u = "https://" .. (":1"):rep(1000) })
    assert.is_true(os.clock() - began < 0.5)
  end)

  it("does not look at more values than it may", function() -- limit: rubric values
    local many = json.array {}
    for i = 1, 20001 do many[i] = "done" end
    assert.same({ "no_placeholder: The output has too many values to look at" }, failed({ no_placeholder = true }, many))
    many[20001], many[20000] = nil, nil
    assert.same({}, failed({ no_placeholder = true }, many))
  end)

  it("does not look at more text than it may", function() -- limit: rubric text
    local list = json.array {}
    for i = 1, 10 do list[i] = { check = "no_placeholder" } end
    local output = { a = ("x "):rep(120000) }
    assert.equal(2, #failed({ checks = list }, output))
    list[9], list[10] = nil, nil
    assert.same({}, failed({ checks = list }, output))
  end)
end)
