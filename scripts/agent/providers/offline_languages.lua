-- scripts/agent/providers/offline_languages.lua -- which language a text seems to be in, and the few sentences that
-- the offline provider can say in each.  It reads English only; in other languages it says so once, and greets.

local book = require "agent.hearing_book"

local M = {}

-- words: small ones that are common in this language and rare in the others.
M.latin = {
  { "en", [[the a an is are am was were be been i you he she it we they my your his her our their this that what how why when where who which do does did can
could would should will have has had not no yes and or but if so to of in on at for with from about just really any some me him them there here don t im ve ll
please thanks hi hello hey good new too very up out get got go going]] },
  { "de", [[der die das den dem ein eine einen ich du er sie wir ihr mein meine dein ist sind bin war hat habe haben nicht kein keine und oder aber wenn wie was warum
wann wo wer mit von fur auf bei nach zu im am zum auch noch schon sehr mir mich dir dich uns kann muss soll gibt es hallo danke bitte heute guten morgen tag abend vielen dank wieviel gut will mochte]] },
  { "fr", [[le la les un une des du je tu il elle nous vous ils mon ma mes ton ta est sont suis es ai as a avez pas ne et ou mais si comment pourquoi quand qui que quoi
avec pour dans sur chez tres aussi j l d c qu n s y en ce cette ca bonjour merci salut peux fait bonsoir beaucoup combien veux pense]] },
  { "es", [[el la los las un una unos yo tu usted nosotros mi mis su es son soy esta estoy hay no si y o pero como que por porque cuando donde quien cual con para en del
al muy tambien me te se lo le hola gracias puedo tengo tiene mas hoy buenos buenas dias tardes noches muchas quiero pienso creo puedes]] },
  { "pt", [[o a os as um uma eu voce ele ela nos meu minha seu sua e sao sou esta estou tem tenho nao sim mas ou se como que por porque quando onde quem qual com para em
do da dos das no na muito tambem me ola obrigado obrigada isso hoje teve fazer bom boa dia noite muito quero estou acho penso]] },
  { "it", [[il lo la i gli le un una io tu lui lei noi voi mio mia tuo sua e sono sei ho hai ha non si ma se come che perche quando dove chi quale con per di da del della
nel al molto anche mi ti ci ciao grazie posso oggi avuto sta questo buongiorno buonasera mille fa voglio penso riesco]] },
  { "pl", [[jest sie nie tak i w z na do o ale czy jak co kto gdzie kiedy dlaczego mam ma masz moj moja ja ty on ona my wy to ten ta te dla od po przez bardzo tez mi mnie
ci ciebie jestem sa hej czesc dziekuje dzien prosze juz dobry wieczor bardzo chce mysle moge]] },
  { "tr", [[bir bu su ve ile ama icin ben sen o biz siz var yok mi mu ne nasil neden nerede kim cok daha gibi degil evet hayir benim senin da de merhaba tesekkurler bugun
iyi ki selam gunaydin ederim istiyorum]] },
}

local WORDS = {}
local LATIN = M.latin
for i, entry in ipairs(LATIN) do
  for word in entry[2]:gmatch "%S+" do
    WORDS[word] = WORDS[word] or {}
    table.insert(WORDS[word], i)
  end
end

-- Scripts by which a language is known: the first byte or two of their characters.
local SCRIPTS = {
  { "ja", "\227[\129-\131]" }, { "ko", "[\234-\237][\176-\191\128-\158]" }, { "zh", "[\228-\233][\128-\191][\128-\191]" },
  { "ru", "[\208-\211][\128-\191]" }, { "ar", "[\216-\219][\128-\191]" }, { "hi", "\224[\164\165]" }, { "th", "\224[\184\185]" },
  { "he", "[\214\215][\128-\191]" }, { "el", "[\206\207][\128-\191]" },
}

local READ_MAX = 1000
local NONE = {}

local function of_script(text)
  if not text:find "[\206-\237]" then return nil end
  local latin = select(2, text:gsub("%a", ""))
  for _, script in ipairs(SCRIPTS) do
    local n = select(2, text:gsub(script[2], ""))
    if n * 3 > latin and n > 1 then return script[1] end
  end
end

--- The language that a text seems to be in ("en", "de", ..), or nil.
function M.of(text)
  text = text:sub(1, READ_MAX)
  local script = of_script(text)
  if script then return script end
  local r, scores = book.read(text), {}
  for _, key in ipairs(book.keys(r)) do
    for _, language in ipairs(WORDS[key] or NONE) do scores[language] = (scores[language] or 0) + 1 end
  end
  local best
  for i = 1, #LATIN do
    if scores[i] and (not best or scores[i] > scores[best]) then best = i end
  end
  local enough = best and (scores[best] > 1 or scores[best] * 2 >= r.n or text:find "[\195-\197][\128-\191]")
  if not enough then return nil end               -- "Los Angeles is hot" is no Spanish
  return LATIN[best][1]
end

--- That no language model is connected, to be said once in a chat.
M.notice = {
  en = "(No language model is connected at the moment, so simple built-in rules write my answers.)",
  de = "(Hier ist gerade kein Sprachmodell verbunden; einfache eingebaute Regeln schreiben meine Antworten, und sie lesen nur Englisch.)",
  fr = "(Aucun modèle de langage n'est connecté ici ; de simples règles écrivent mes réponses, et elles ne lisent que l'anglais.)",
  es = "(Aquí no hay ningún modelo de lenguaje conectado; unas reglas sencillas escriben mis respuestas y solo leen inglés.)",
  pt = "(Nenhum modelo de linguagem está conectado aqui; regras simples escrevem minhas respostas e só leem inglês.)",
  it = "(Qui non è collegato nessun modello linguistico; le mie risposte vengono da semplici regole che leggono solo l'inglese.)",
  pl = "(Nie podłączono tu żadnego modelu językowego; odpowiadają proste reguły, które czytają tylko po angielsku.)",
  ru = "(Языковая модель здесь не подключена; мои ответы пишут простые правила, которые читают только по-английски.)",
  ar = "(لا يوجد نموذج لغوي متصل هنا؛ تكتب إجاباتي قواعد بسيطة لا تقرأ إلا الإنجليزية.)",
  tr = "(Burada bağlı bir dil modeli yok; yanıtlarımı yalnızca İngilizce okuyan basit kurallar yazıyor.)",
  hi = "(यहाँ कोई भाषा मॉडल जुड़ा नहीं है; मेरे उत्तर सरल नियम लिखते हैं, जो केवल अंग्रेज़ी पढ़ते हैं।)",
  ja = "（言語モデルが接続されていません。英語だけを読む簡単なルールが私の返事を書いています。）",
  zh = "（这里没有连接语言模型；我的回答由只懂英语的简单规则写成。）",
  ko = "(연결된 언어 모델이 없습니다. 영어만 읽는 간단한 규칙이 제 답을 씁니다.)",
}

--- That pictures and files are not seen, to be said once in a chat.
M.blind = {
  en = "I can't see pictures or open files here. Please tell me in words what it is about.",
  de = "Bilder und Dateien kann ich hier nicht sehen. Schreib mir bitte in Worten, worum es geht.",
  fr = "Je ne peux pas voir les images ni ouvrir les fichiers ici. Dis-moi avec des mots de quoi il s'agit.",
  es = "Aquí no puedo ver imágenes ni abrir archivos. Cuéntame con palabras de qué se trata.",
  pt = "Aqui não consigo ver imagens nem abrir arquivos. Diga-me em palavras do que se trata.",
  it = "Qui non posso vedere immagini né aprire file. Dimmi a parole di che cosa si tratta.",
  pl = "Nie widzę tu obrazów i nie otwieram plików. Napisz mi słowami, o co chodzi.",
  ru = "Я не вижу здесь изображений и не открываю файлы. Опишите, пожалуйста, словами.",
  ar = "لا أستطيع هنا رؤية الصور أو فتح الملفات. اكتب لي بالكلمات ما الموضوع من فضلك.",
  tr = "Burada resimleri göremem, dosyaları açamam. Lütfen ne olduğunu sözcüklerle yaz.",
  hi = "मैं यहाँ चित्र नहीं देख सकता और फ़ाइलें नहीं खोल सकता। कृपया शब्दों में बताइए।",
  ja = "ここでは画像やファイルを見ることができません。言葉で教えてください。",
  zh = "我在这里看不到图片，也打不开文件。请用文字告诉我。",
  ko = "여기서는 그림이나 파일을 볼 수 없습니다. 글로 알려 주세요.",
}

M.greeting = {
  de = "Hallo!", fr = "Bonjour !", es = "¡Hola!", pt = "Olá!", it = "Ciao!", pl = "Cześć!", ru = "Здравствуйте!", ar = "مرحبًا!",
  tr = "Merhaba!", hi = "नमस्ते!", ja = "こんにちは！", zh = "你好！", ko = "안녕하세요!",
}

--- Whether a text says in any language that no model is connected.
function M.says_notice(text)
  local lower = text:lower()
  if lower:find("no language model is connected", 1, true) or lower:find("not a language model", 1, true) then return true end
  if not (text:find(")", 1, true) or text:find("）", 1, true)) then return false end
  for _, notice in pairs(M.notice) do
    if text:find(notice, 1, true) then return true end
  end
  return false
end

return M
