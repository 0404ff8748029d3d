-- spec/lua/sql_split_spec.lua -- cutting SQL files into statements.

local split = require "human.pg.split"

local function texts(sql)
  local out = {}
  for i, s in ipairs(split.statements(sql)) do out[i] = s.text end
  return out
end

describe("a SQL file", function()
  local cases = {
    { "is cut at semicolons", "a; b ;c", { "a", "b ", "c" } },
    { "keeps a semicolon in a string", "select ';' ; x", { "select ';' ", "x" } },
    { "keeps a doubled quote in a string", "select 'it''s;'; x", { "select 'it''s;'", "x" } },
    { "keeps a semicolon in an identifier", 'select ";"; x', { 'select ";"', "x" } },
    { "keeps a dollar-quoted body", "do $$ a; b $$; x", { "do $$ a; b $$", "x" } },
    { "keeps a tagged body with $$ inside", "do $f$ $$;$$ $f$; x", { "do $f$ $$;$$ $f$", "x" } },
    { "keeps a semicolon in a line comment", "a -- ;\n b; x", { "a -- ;\n b", "x" } },
    { "keeps a semicolon in nested comments", "a /* ; /* ; */ ; */ b; x", { "a /* ; /* ; */ ; */ b", "x" } },
    { "has no statement in comments alone", "-- one;\n/* two; */\n;;", {} },
    { "takes positional parameters for what they are", "select $1; x", { "select $1", "x" } },
    { "survives an unfinished string", "select 'abc", { "select 'abc" } },
  }
  for _, case in ipairs(cases) do
    it(case[1], function() assert.same(case[3], texts(case[2])) end)
  end

  it("knows the line of each statement", function()
    local list = split.statements("a;\n\nb\n;\n\n  c;")
    assert.same({ 1, 3, 6 }, { list[1].line, list[2].line, list[3].line })
  end)
end)
