-- spec/rocks/yaml_spec.lua -- YAML by hand: what people write, what is refused where, and each limit.
-- spec/e2e/yaml.test.mjs has the official suite, and npm's yaml on random documents.

local yaml = require "yaml"
local cost = require "spec.support.cost"

local function lines(...) return table.concat({ ... }, "\n") .. "\n" end

local function refusal(text, options)
  local value, err, line, column = yaml.parse(text, options)
  assert.is_nil(value)
  assert.equal(("line %d, column %d"):format(line, column), err:match "^line %d+, column %d+")
  return err
end

describe("A YAML text", function()
  it("is what people write above a skill", function()
    assert.same({
      name = "pdf-forms", description = "Fills in forms: quickly, and\nwithout # mistakes.\n",
      ["allowed-tools"] = { "read", "exec" }, metadata = { version = "1.10", homepage = "https://example.com/#top" },
    }, yaml.parse(lines("# above", "name: pdf-forms", "description: |", "  Fills in forms: quickly, and",
      "  without # mistakes.", "allowed-tools: [read, exec] # both", "metadata:", '  version: "1.10"',
      "  homepage: https://example.com/#top")))
  end)

  it("is what people write about an API: keys are strings, and a list need not be indented", function()
    assert.same({ responses = { ["200"] = { description = "It's fine" }, default = { description = "a b" } },
                  required = { "id", "no" } },
      yaml.parse(lines("responses:", "  200: {description: 'It''s fine'}", "  default:", "    description: >-", "      a",
        "      b", "required:", "- id", "- no")))
  end)

  it("has the types of the core schema, and no others", function()
    assert.same({ 1, -2, 31, 8, 1.5, 1e3, 0.5, true, false, yaml.null, yaml.null, "yes", "012a", "1_000", "2026-01-01", "1", "on" },
      yaml.parse "[1, -2, 0x1f, 0o10, 1.5, 1e3, .5, true, False, null, ~, yes, 012a, 1_000, 2026-01-01, '1', on]")
    assert.equal(math.huge, yaml.parse ".inf")
    assert.is_true(yaml.parse ".nan" ~= yaml.parse ".nan")
    assert.same({ "1", 2, "x" }, yaml.parse "[!!str 1, !!int 2, !mine x]")
  end)

  it("may have lines of Windows, a byte order mark, and no line break at its end", function()
    assert.same({ a = "x\ny\n", b = 1 }, yaml.parse "\239\187\191a: |\r\n  x\r\n  y\r\nb: 1")
  end)

  it("has copies of what aliases stand for, so that a change of one is not one of the other", function()
    local value = yaml.parse(lines("a: &x {n: 1}", "b: *x", "&k c: *k"))
    value.a.n = 2
    assert.same({ a = { n = 2 }, b = { n = 1 }, c = "c" }, value)
  end)

  it("uses the caller's null, and marks the caller's lists", function()
    local null, marked = {}, {}
    local value = yaml.parse("{a: , b: [], c: [[1]]}", { null = null, array = function(list) marked[list] = true return list end })
    assert.equal(null, value.a)
    assert.is_true(marked[value.b] and marked[value.c] and marked[value.c[1]])
    assert.is_nil(marked[value])
    assert.equal(yaml.null, yaml.parse "")
  end)

  it("may stand above a text, which is not read", function()
    for _, eol in ipairs { "\n", "\r\n" } do
      local text = table.concat({ "---", "name: x", "--- ", "# Title: [", "---", "a: b", "" }, eol)
      assert.same({ { name = "x" }, table.concat({ "# Title: [", "---", "a: b", "" }, eol) }, { yaml.front_matter(text) })
    end
    assert.same({ { name = "x" }, "" }, { yaml.front_matter "\239\187\191---\nname: x\n---" })
    assert.same({ yaml.null, "body" }, { yaml.front_matter "---\n---\nbody" })
    assert.same({ nil, "line 3, column 4: this cannot stand behind what is before it", 3, 4 },
      { yaml.front_matter "---\na: b\n  c: 1\n---\n" })
    assert.matches("no '%-%-%-'", (select(2, yaml.front_matter "name: x\n---\n")))
    assert.matches("no second one", (select(2, yaml.front_matter "---\nname: x\n")))
    assert.matches("longer than 5 bytes", (select(2, yaml.front_matter("---\nname: x\n---\n", { max_bytes = 5 }))))
  end)

  it("may be a stream of documents", function()
    assert.same({ { a = 1 }, "b", yaml.null }, yaml.parse_all(lines("a: 1", "--- b", "...", "%YAML 1.2", "---")))
    assert.same({}, yaml.parse_all "# nothing\n")
    assert.equal("line 2, column 5: more than one document", refusal "a: 1\n--- b\n")
  end)
end)

describe("What is wrong with a text is told with line and column", function()
  local cases = {
    { "a: 1\nb: c: 2\n", "line 2, column 4: a block collection cannot begin here" },
    { "a:\n  b: 1\n c: 2\n", "line 3, column 2: this line is indented more than what it belongs to" },
    { "a: 1\n\tb: 2\n", "line 2, column 2: a tab does not indent" },
    { "é: [1, 2\nb: 1\n", "line 2, column 1: a line is not indented enough" },
    { "a: [1, 2", "line 1, column 4: a bracket is not closed" },
    { "a: 'x\n", "line 1, column 4: a quote is not closed" },
    { '"ü\\q"', "line 1, column 3: an escape is not known" },
    { '"\\ud800"', "line 1, column 2: an escape is not a character" },
    { "a: 1\n\na: 2\n", "line 3, column 1: the key a is there twice" },
    { "[a, b]: 1\n", "line 1, column 1: a key is a scalar" },
    { "a: *b\n", "line 1, column 4: the anchor b is not known" },
    { "a: &b [*b]\n", "line 1, column 8: an alias of what it is in" },
    { "a: !!int x\n", "line 1, column 10: this is no !!int" },
    { "a: !!python/object:os.system x\n", nil },
    { "a: @b\n", "line 1, column 4: nothing can begin with this character here" },
    { "a\n", nil },
    { "a: 1\nb\n", "line 2, column 1: a ':' is missing behind a key" },
    { "a: \255\n", "line 1, column 4: not UTF-8" },
    { "a: \0\n", "line 1, column 4: a control character" },
    { "%YAML 2.0\n---\n", "line 1, column 1: only YAML 1 is read" },
    { "a\0\0\0", "line 1, column 2: a control character" }, -- UTF-32
  }
  for _, case in ipairs(cases) do
    it(("%q"):format(case[1]), function()
      if case[2] then assert.equal(case[2], refusal(case[1])) else assert(yaml.parse(case[1])) end
    end)
  end

  it("and an option that does not exist is a mistake of the caller", function()
    assert.has_error(function() yaml.parse("a", { max_dept = 3 }) end, "yaml has no option max_dept")
  end)
end)

describe("A stranger's text", function()
  local MB = 1048576

  it("is refused when it is too long (limit: yaml text)", function()
    assert.equal(MB - 2, #yaml.parse('"' .. ("x"):rep(MB - 2) .. '"'))
    assert.matches("longer than 1048576 bytes", refusal(("x"):rep(MB + 1)))
    assert.matches("longer than 3 bytes", refusal("abcd", { max_bytes = 3 }))
  end)

  it("is refused when it is too deep, however that is written (limit: yaml depth)", function()
    assert.is_table(yaml.parse(("["):rep(64) .. ("]"):rep(64)))
    for _, text in ipairs { ("["):rep(65), ("["):rep(500000), ("- "):rep(65), ("- "):rep(500000), ("{a: "):rep(65), ("? "):rep(500000),
                            "a: &x " .. ("["):rep(40) .. ("]"):rep(40) .. "\nb: " .. ("["):rep(30) .. "*x" .. ("]"):rep(30) } do
      assert.matches("nested deeper than 64", refusal(text))
    end
  end)

  it("cannot make much of little with aliases (limit: yaml nodes)", function()
    local laughs = { "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]" }
    for i = 1, 9 do laughs[i + 1] = ("a%d: &a%d [%s]"):format(i, i, ("*a" .. i - 1 .. ","):rep(9)) end
    assert.matches("more than 100000 nodes, those of aliases included", refusal(lines(unpack(laughs))))
    assert.matches("more than 1048576 bytes of aliases", refusal("- &x " .. ("y"):rep(100000) .. "\n" .. ("- *x\n"):rep(20)))
    assert.matches("more than 1048576 bytes of aliases",
      refusal("- &x {" .. ("y"):rep(1000) .. ": 1}\n" .. ("- *x\n"):rep(2000)))
    assert.matches("more than 100000 nodes", refusal("[" .. (","):rep(100001):gsub(",", "a,") .. "]"))
  end)

  it("has no mapping of endless keys, and no endless stream (limit: yaml keys; limit: yaml documents)", function()
    local text = {}
    for i = 1, 10001 do text[i] = "k" .. i .. ": " end
    assert.equal("line 10001, column 1: more than 10000 keys in a mapping", refusal(table.concat(text, "\n")))
    local _, err = yaml.parse_all(("---\n"):rep(1001))
    assert.matches("more than 1000 documents", err)
    assert.matches("a key is longer than 1024 bytes", refusal(("k"):rep(1025) .. ": 1"))
    assert.matches("a name is longer than 256 bytes", refusal("&" .. ("k"):rep(257) .. " 1"))
  end)

  it("takes time by its length, whatever it repeats", function()
    local limits = { max_bytes = 2 * MB, max_nodes = 1e7, max_keys = 1e7, max_documents = 1e7 }
    for _, piece in ipairs { " ", "\n", "\t", " \n", "a ", "a: ", "a\n", "# ", " #\n", "- a\n", "[],", "a, ", "'", "''", '"', '\\', "\\n", "&a ",
                             "*a ", "!a ", "? a\n", ":\n", "|\n", ">\n ", "%a\n", "---\n", "...\n", "\r", "\r\n", "é", "\239\187\191", "0", "-", ".",
                             "{", "}", "a:b", "a#", "  a\n" } do
      for _, before in ipairs { "", "[", "{a: ", "- |\n  ", '"' } do
        local text = before .. piece:rep(math.floor(120000 / #piece))
        local ok, took = cost.within(1, function() yaml.parse_all(text, limits) end)
        assert.is_true(ok, ("%q then %q took %.2f s"):format(before, piece, took))
      end
    end
  end)
end)

describe("A value", function()
  it("is written in blocks, with its keys in order", function()
    assert.equal(lines("a:", "  - 1", "  -", "    b: null", "    c: []", '  - "no"', "d: x y", '"e:": "f\\ng"'),
      yaml.write({ d = "x y", ["e:"] = "f\ng", a = { 1, { b = yaml.null, c = {} }, "no" } },
        { is_array = function(t) return next(t) == nil or t[1] ~= nil end }))
    assert.equal("{}\n", yaml.write {})
    assert.equal("1.5\n", yaml.write(1.5))
  end)

  it("is not written where YAML cannot say it", function()
    local loop = {}
    loop.loop = loop
    for _, value in ipairs { loop, { print }, { a = 1, [2] = 3 }, { [("k"):rep(1001)] = 1 } } do
      assert.has_error(function() yaml.write(value) end)
    end
  end)
end)
