-- spec/scripts/providers_offline_doses_spec.lua -- who has taken much of a medicine gets the emergency number.

local emergency = require "agent.providers.offline_emergency"
local cost = require "spec.support.cost"

local much = {
 en = {"I took 40 paracetamol","I've taken 30 pills","I just swallowed 20 tablets","I took like forty pills","she took a handful of pills","he swallowed a whole box of ibuprofen","I took 40 x 500mg paracetamol","I took 40 500 mg paracetamol tablets","I took 20 grams of paracetamol","I took 10000 mg ibuprofen","took 16 tylenol an hour ago","I ate 50 of my sleeping pills","i popped 12 xanax","I took 25 of my mum's antidepressants"},
 de = {"ich habe 30 Tabletten genommen","Ich hab vierzig Schlaftabletten geschluckt","Sie hat eine ganze Packung Paracetamol genommen","ich habe 20 Ibuprofen genommen"},
 fr = {"j'ai pris 30 comprimés","elle a avalé quarante cachets","j'ai pris une boîte de Doliprane","j'ai pris 20 paracétamol"},
 es = {"me tomé 40 pastillas","tomé treinta paracetamol","se ha tomado una caja de pastillas"},
 pt = {"tomei 30 comprimidos","tomei quarenta remédios","ele tomou uma cartela de comprimidos"},
 it = {"ho preso 30 pastiglie","ho ingoiato quaranta compresse","ha preso una scatola di sonniferi"},
 pl = {"wzięłam 40 tabletek","połknąłem trzydzieści tabletek","wziął całe opakowanie tabletek"},
 ru = {"я выпил 40 таблеток","она проглотила тридцать таблеток","выпила пачку снотворного"},
 ar = {"أخذت 30 حبة","بلعت ٤٠ حبة باراسيتامول","تناولت ثلاثين قرصا"},
 tr = {"40 hap içtim","otuz tane ilaç yuttum","20 parol tablet aldım"},
 hi = {"मैंने 40 गोलियां खा लीं","मैंने ४० गोलियाँ खाई","maine 30 goli kha li","मैंने तीस गोलियां निगल ली"},
 ja = {"薬を40錠飲んだ","睡眠薬を三十錠飲みました","薬を４０粒のんだ"},
 zh = {"我吃了40片安眠药","我吞了三十片药","他喝了农药","我吃了二十粒布洛芬"},
 ko = {"수면제 40알 먹었어요","약을 서른 알 먹었어","타이레놀 30개 먹었어"},
}

local harmless = {
  "I took 2 paracetamol",
  "I took 40 photos",
  "took 500 mg of ibuprofen for my head",
  "I took 400mg ibuprofen",
  "I take 10 pills a day for my heart",
  "I take 12 vitamin tablets",
  "I took it 40 minutes ago",
  "I took ibuprofen 20 minutes ago",
  "there are 30 tablets in the box",
  "In 2020 tablets took over the market",
  "ich habe 2 Tabletten genommen",
  "ich habe vor 30 Minuten eine Tablette genommen",
  "j'ai pris 1 comprimé il y a 30 minutes",
  "tomé 2 pastillas hace 20 minutos",
  "吃了30片披萨",
  "我吃了2片药",
  "薬を2錠飲んだ",
  "약 2알 먹었어요",
  "I ate 20 cookies",
  "I took 10 minutes off",
  "I drank 10 glasses of water",
  "выпил 2 таблетки",
  "выпил 10 стаканов воды",
  "40 hap aldım vitamin",
  "I took 30 g of protein",
  "I took 5 g creatine",
  "I bought 40 tablets",
  "30분 전에 약 1알 먹었어",
  "I took 3 advil",
  "we took 20 kids to the pool, with a bottle of sunscreen",
  "how many tablets should I take?",
  "how many pills did you take",
}

describe("Much of a medicine", function()
  for lang, texts in pairs(much) do
    for _, text in ipairs(texts) do
      it("is an emergency, in " .. lang .. ": " .. text, function()
        local say, language, kind = emergency.answer(text)
        assert.same({ lang, "danger" }, { language, kind })
        assert.matches("1", say)
      end)
    end
  end

  for _, text in ipairs(harmless) do
    it("is not: " .. text, function() assert.is_nil(emergency.answer(text)) end)
  end

  it("is looked for in a few milliseconds, whatever the text", function()
    for _, piece in ipairs { "40 pills ", "took ", "40 ", "40片", "錠", "٤٠ " } do
      local text = piece:rep(math.ceil(16000 / #piece))
      assert.is_true(cost.within(0.1, function() emergency.answer(text) end), piece)
    end
  end)
end)
