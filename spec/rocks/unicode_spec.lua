-- spec/rocks/unicode_spec.lua -- names are the same however they are typed, and words end where they end.

local unicode = require "unicode"
local cost = require "spec.support.cost"

local function shown(text)
  local words, out = unicode.words(text), {}
  for i = 1, words.n do out[i] = words:key(i) .. "/" .. words.class[i] .. words.after[i] end
  return table.concat(out, "  ")
end

-- Ways to type one name.
local same = {
  { "Łukasz", "ŁUKASZ", "łukasz", "Lukasz" },
  { "José", "JOSE\204\129", "jose" },
  { "İpek", "IPEK", "ipek", "ıpek" },
  { "Groß", "GROSS", "gross" },
  { "Ａｌｅｘ", "alex", "𝐀𝐥𝐞𝐱", "al\226\128\139ex" },
  { "Νίκος", "ΝΙΚΟΣ", "νικοσ" },
  { "Фёдор", "ФЕДОР", "фе\204\136дор" },
  { "سَارَة", "سارة", "ســارة", "ساره" },
  { "أحمد", "احمد" },
  { "שָׁלוֹם", "שלום" },
  { "さくら", "サクラ", "ｻｸﾗ" },
  { "が", "か\227\130\153", "ガ", "ｶﾞ" },
  { "사쿠라", "\225\132\137\225\133\161\225\132\143\225\133\174\225\132\133\225\133\161" },
  { "한", "\225\132\146\225\133\161\225\134\171" },
  { "फ़राह", "फराह" },
  { "Nguyễn", "NGUYÊ\204\131N", "nguyen" },
  { "ไม้คำ", "ไม้คํา" },
}

local different = {
  { "か", "が" }, { "सारा", "सारी" }, { "กา", "กิ" }, { "Anna", "Anne" }, { "하나", "한나" }, { "桜", "さくら" },
}

-- text, its words
local segmented = {
  { "Łukasz, co polecasz?", "lukasz/L,  co/L   polecasz/L?" },
  { "さくら、元気？", "さくら/J,  元気/Z?" },
  { "يا سارة، ما رأيك؟", "يا/L   ساره/L,  ما/L   رايك/L?" },
  { "桜さん、サクラー！", "桜/Z  さん/J,  さくらー/K." },
  { "Jean-Luc's 3rd try… 42", "jean/L-  luc/L-  s/L   3rd/L   try/L.  42/N" },
  { "नमस्ते आशा। कैसे", "नमस्ते/L   आशा/L.  कैसे/L" },
  { "사쿠라야, 안녕", "사쿠라야/H,  안녕/H" },
  { "สมชาย สบายดี", "สมชาย/T   สบายดี/T" },
  { "一\n二", "一/Z.  二/Z" },
  { "ab\255cd\240\159", "ab/L-  cd/L-" },
  { "\204\129\204\129", "" },
  { "👩‍👩‍👧 hi", "hi/L" },
}

describe("The Unicode rock", function()
  for _, ways in ipairs(same) do
    it("takes for one name: " .. table.concat(ways, " "), function()
      for _, way in ipairs(ways) do assert.equal(unicode.fold(ways[1]), unicode.fold(way)) end
    end)
  end

  it("keeps different names apart", function()
    for _, pair in ipairs(different) do assert.not_equal(unicode.fold(pair[1]), unicode.fold(pair[2])) end
  end)

  for _, case in ipairs(segmented) do
    it("finds the words of " .. case[1], function() assert.equal(case[2], shown(case[1])) end)
  end

  it("knows the question marks of all scripts", function()
    for _, mark in ipairs { "?", "？", "؟", "⸮", "՞", "፧", "¿", "⁇", "⁈", "⁉", "‽", "꘏", "❓", "❔", "⳺", "᥅", "\205\190", "𑅃" } do
      assert.is_true(unicode.words("a" .. mark).asks, mark)
    end
    assert.is_true(unicode.words("Νίκο, τι κάνεις;").asks)
    assert.is_false(unicode.words("one; two! 3 % 4").asks)
  end)

  it("gives the bytes of each word", function()
    local words = unicode.words "¡Ay, Íñigo!"
    assert.same({ 3, 7 }, { words.from[1], words.from[2] })
    assert.equal("Íñigo", ("¡Ay, Íñigo!"):sub(words.from[2], words.to[2]))
    assert.equal(".", words.after[0])
  end)

  it("reads 16,000 characters of anything in a few milliseconds", function()
    for _, piece in ipairs { "a", "a ", "さ", "\204\129", "(", "<@", "Ł\204\129", "\225\132\137", "\255", "𝐀 " } do
      local text = piece:rep(16000 / math.max(1, select(2, piece:gsub("[^\128-\191]", ""))))
      local ok = cost.within(0.1, function()
        local words = unicode.words(text)
        for i = 1, words.n do words:key(i) end
        unicode.fold(text)
      end)
      assert.is_true(ok, piece) -- some 5 ms; the square would take seconds
    end
  end)
end)

-- Python's own tables against ours, where it carries the same version.
local function python(arguments)
  local pipe = io.popen("python3 " .. arguments .. " 2>/dev/null")
  local out = pipe:read "*a"
  pipe:close()
  return out
end

local theirs = python [[-c 'import unicodedata; print(unicodedata.unidata_version, end="")']]

describe("The table of the Unicode rock", function()
  if theirs ~= unicode.version then
    pending("is of " .. unicode.version .. ", and the Python here carries " .. theirs)
    return
  end

  it("is what is generated now", function()
    local file = assert(io.open("rocks/unicode/data.lua", "rb"))
    local kept = file:read "*a"
    file:close()
    assert.is_true(kept == python "rocks/unicode/generate.py")
  end)

  it("folds every letter like its other case and its other forms", function()
    local listed = python [[-c '
import sys, unicodedata as u
sys.stdout.reconfigure(encoding="utf-8")
for cp in range(0xA1, 0x32400):
    c = chr(cp)
    if u.category(c)[0] == "L" and "Ŀ" != c != "ŀ" and c != "ͺ" and not 0x1F80 <= cp < 0x2000:
        print(*{c, u.normalize("NFD", c), u.normalize("NFC", c), c.casefold(), c.upper(), c.lower()})
']]
    local n = 0
    for line in listed:gmatch "[^\n]+" do
      local first
      for form in line:gmatch "%S+" do
        local folded = unicode.fold(form)
        assert.equal(first or folded, folded, line)
        first, n = first or folded, n + 1
      end
    end
    assert.is_true(n > 100000, n .. " forms")
  end)
end)
