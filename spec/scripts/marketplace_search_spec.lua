-- spec/scripts/marketplace_search_spec.lua -- how words, letters and meaning become one list; what means something
-- similar is said here, as no weights are needed for that.

local db = require "human.db"
local gen = require "human.scripts.generation"

describe("a search by words and by meaning", function()
  local search, semantic, real, seller, near
  local function id_of(title) return db.value("select id from market_listings where title = $1", title) end

  local function offer(n, title, description)
    db.exec([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
        price_cents)
      select $1::uuid, 'sell', 'task_execution', $2, $3, array['a:b'], 5000 from generate_series(1, $4::int)]],
      seller, title, description, n)
  end

  local function find(query, more)
    local q = { query = query, sort_by = "relevance", limit = 20, offset = 0 }
    for name, value in pairs(more or {}) do q[name] = value end
    return search.find(q)
  end

  local function titles(page)
    local list = {}
    for i, row in ipairs(page.rows) do list[i] = row.title end
    return list
  end

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    require "market_empty" ()
    local scripts = gen.build(1)
    gen.install(scripts)
    search, semantic = scripts.loaded["marketplace.listing_search"], scripts.loaded["marketplace.semantic"]
    real = { nearest = semantic.nearest, was_there = semantic.was_there }
    function semantic.nearest() return near end
    local owner = db.value "insert into market_owners default values returning id"
    seller = db.value([[insert into market_actors (owner_id, type, display_name, slot, is_founding, referral_code)
      values ($1::uuid, 'delegated_agent', 'Bot', 8700001, false, '84bfe1') returning id]], owner)
  end)

  teardown(function() semantic.nearest, semantic.was_there = real.nearest, real.was_there end)

  for _, together in ipairs { false, true } do
    local how = together and "while the encoder works" or "after the encoder"
    it("finds the same, whether the database is asked " .. how, function()
      function semantic.was_there() return together end
      local tag = together and "zebra" or "lemur"
      offer(1, "Paint a " .. tag, "In oil")
      offer(1, "Draw another animal " .. tag, "With a pencil")
      offer(1, "Sculptures of " .. tag .. "like beings", "In stone")
      near = { { id = id_of("Sculptures of " .. tag .. "like beings"), score = 0.9 } }
      local page = find(tag .. " paint")
      assert.equal("hybrid", page.mode)
      assert.same({ "Paint a " .. tag, "Sculptures of " .. tag .. "like beings" }, { titles(page)[1], titles(page)[2] })
      assert.equal(2, page.total)
    end)

    it("is by words alone where meaning is not searched, asked " .. how, function()
      function semantic.was_there() return together end
      near = nil
      assert.equal("lexical", find("paint").mode)
    end)
  end

  it("corrects mistyped words when nothing has them, and not when something has", function()
    near = {}
    offer(1, "Weather balloons", "To the sky")
    assert.same({ "Weather balloons" }, titles(find "wether baloons"))
    offer(1, "Wether baloons", "Of a bad speller")
    assert.same({ "Wether baloons" }, titles(find "wether baloons"))
  end)

  it("finds what has a mistyped word and all others, wherever they are", function()
    near = nil
    offer(1, "Purple submarines", "To the deep, with a periscope")
    offer(1, "Purple marines", "On land")
    local page = find "the periscope of submarnes"
    assert.same({ "trigram", 1, "Purple submarines" }, { page.mode, page.total, titles(page)[1] })
    assert.same({}, titles(find "periscope of a qwrtzplk"))
    assert.same({}, titles(find "periscope on land"), "nothing is mistyped")
  end)

  it("corrects words in whatever order is asked for, and behind the first two hundred", function()
    near = {}
    offer(1, "Green airship", "First")
    offer(205, "Green airship", "Others")
    local page = find("grean airshp", { sort_by = "created_at", sort_order = "asc", limit = 5 })
    assert.same({ "trigram", 206, 5 }, { page.mode, page.total, #page.rows })
    page = find("grean airshp", { limit = 20, offset = 200 })
    assert.same({ "trigram", 206, 6 }, { page.mode, page.total, #page.rows })
  end)

  it("takes a mistyped word for three others at most, and reads thirty-two words", function() -- limit: words corrected
    for _, ending in ipairs { "a", "e", "i", "o" } do offer(1, "Blurbiflarg" .. ending, "One of four") end
    local function corrected(text) return db.value("select market_corrected($1)::text", text) end
    local _, others = corrected("blurbiflargx"):gsub("|", "|")
    assert.equal(2, others)
    local many = {}
    for i = 1, 32 do many[i] = ("%s%s"):format(string.char(97 + i % 26, 97 + math.floor(i / 26)), "aaa") end
    assert.is_nil(corrected(table.concat(many, " ") .. " blurbiflargx"))
  end)

  it("puts a thousand of those with the words in order, and counts more", function() -- limit: listings ranked
    near = {}
    offer(1000, "Search", "for a beacon")
    offer(1, "Beacon", "beacon, beacon")
    local page = find "beacon"
    assert.same({ 1001, 20, "Search" }, { page.total, #page.rows, page.rows[1].title })
    db.exec [[update market_listings set is_active = false
      where id in (select id from market_listings where title = 'Search' limit 10)]]
    page = find "beacon"
    assert.same({ 991, "Beacon" }, { page.total, page.rows[1].title })
  end)
end)
