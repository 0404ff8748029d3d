-- scripts/agent/providers/offline_dose_words.lua -- by which agent.providers.offline_doses knows that somebody took much of a
-- medicine.  Written as unicode.phrases reads them.

local M = {}

-- took: swallowing; pills: what is swallowed; many: numbers in words from eight on, and what holds as many.
M.languages = {
  { lang = "en",
    took = "took|taken|take|taking|swallow*|ate|eaten|popped|downed|drank|gulped|chewed|necked",
    pills = "pill*|tablet|tablets|capsule*|caplet*|painkiller*|antidepressant*|sleeper*|meds|medication|medicine|tabs",
    many = "ten|eleven|twelve|fifteen|sixteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|dozen|dozens|handful|lots|loads|tons|bunch|box|packet|pack|strip|blister|bottle" },
  { lang = "de",
    took = "genommen|nahm|nehme|nehmen|eingenommen|geschluckt|schluck*|gegessen|eingeworfen|runtergeschluckt",
    pills = "tablette*|pille|pillen|kapsel*|schlaftablette*|schmerztablette*|schlafmittel|schmerzmittel|medikament*",
    many = "zehn|elf|zwolf|funfzehn|zwanzig|dreissig|vierzig|funfzig|sechzig|siebzig|achtzig|neunzig|hundert|dutzend|handvoll|schachtel|packung|flasche|blister" },
  { lang = "fr",
    took = "pris|prise|prends|prend|avale*|mange|ingere*|gobe*",
    pills = "comprime*|cachet*|gelule*|pilule*|somnifere*|medicament*|doliprane*",
    many = "dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante|cent|dizaine|douzaine|vingtaine|trentaine|quarantaine|poignee|plein|boite|plaquette|flacon" },
  { lang = "es",
    took = "tome|tomo|tomado|tomar|toma|trague|trago|tragado|ingeri*|comi",
    pills = "pastilla*|pildora*|comprimido*|tableta|tabletas|capsula*|somnifero*|medicamento*",
    many = "diez|once|doce|quince|veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien|docena|monton|punado|caja|frasco|blister" },
  { lang = "pt",
    took = "tomei|tomou|tomado|tomo|tomar|engoli*|ingeri*",
    pills = "comprimido*|pilula*|capsula*|remedio*|medicamento*",
    many = "dez|onze|doze|quinze|vinte|trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa|cem|duzia|monte|punhado|caixa|frasco|cartela" },
  { lang = "it",
    took = "preso|presa|prese|presi|prendo|ingoiat*|inghiottit*|ingerit*",
    pills = "pastiglia|pastiglie|pasticca|pasticche|pillola|pillole|compressa|compresse|capsula|capsule|sonnifer*",
    many = "dieci|undici|dodici|quindici|venti|trenta|quaranta|cinquanta|sessanta|settanta|ottanta|novanta|cento|decina|dozzina|ventina|trentina|manciata|sacco|scatola|flacone|blister" },
  { lang = "pl",
    took = "wzialem|wzielam|wzial|wziela|polkn*|zazyl*|lykn*|zjadl*|bralem|bralam",
    pills = "tabletek|tabletki|pigulek|pigulki|kapsulek|kapsulki|proszkow|lekow",
    many = "dziesiec|jedenascie|dwanascie|pietnascie|dwadziescia|trzydziesci|czterdziesci|piecdziesiat|szescdziesiat|sto|tuzin|garsc|mnostwo|opakowanie|paczke|listek|butelke" },
  { lang = "ru",
    took = "выпил*|принял*|проглот*|наглот*|съел*|глотал*",
    pills = "таблет*|капсул*|пилюл*|снотворн*|лекарств*",
    many = "десять|одиннадцать|двенадцать|пятнадцать|двадцать|тридцать|сорок|пятьдесят|шестьдесят|семьдесят|сто|дюжину|горсть|кучу|пачку|упаковку|флакон|блистер" },
  { lang = "ar",
    took = "اخذت|اخذ|تناولت|تناول|بلعت|بلع|ابتلعت|ابتلع|شربت|شرب|اكلت",
    pills = "حبه|حبات|حبوب|قرص|قرصا|اقراص|كبسول*|باراسيتامول|بانادول|بندول",
    many = "عشر|عشره|عشرين|عشرون|ثلاثين|ثلاثون|اربعين|اربعون|خمسين|خمسون|ستين|سبعين|ثمانين|مءه|مايه|علبه|شريط|حفنه" },
  { lang = "tr",
    took = "ictim|icti|ictik|icmis*|yuttum|yuttu|aldim|aldi|yutmus*",
    pills = "hap|hapi|haplar*|tablet*|kapsul*|ilac*|parasetamol",
    many = "on|yirmi|otuz|kirk|elli|altmis|yetmis|seksen|doksan|yuz|duzine|avuc|kutu|sise" },
  { lang = "hi",
    took = "खा|खाई|खाए|खाया|खाली|निगल*|ली|लीं|लिया|लिए|kha|khali|nigal",
    pills = "गोली|गोलियां|गोलियाँ|गोलिया|टैबलेट*|कैप्सूल*|goli|goliyan|पैरासिटामोल",
    many = "दस|बारह|पंद्रह|बीस|तीस|चालीस|पचास|साठ|सत्तर|अस्सी|सौ|दर्जन|डिब्बा|पत्ता|मुट्ठी" },
}

-- Names of medicines, in any language.
M.medicines = [[paracetamol*|acetaminophen|panadol|tylenol|ibuprofen*|ibuprofeno|nurofen|advil|aspirin*|naproxen*|aleve|diclofenac*|codein*|tramadol*|oxycodon*|vicodin|percocet
morphin*|xanax|valium|diazepam*|lorazepam*|ambien|zolpidem*|zopiclon*|sertralin*|prozac|fluoxetin*|citalopram*|amitriptylin*|quetiapin*|benadryl|metformin*|novalgin*|parazetamol*|парацетамол*|ибупрофен*|аспирин*|анальгин*|димедрол*]]

-- What may follow a number that counts no pills.
M.others = [[minute*|min|mins|hour*|hr|hrs|h|day*|week*|month*|year*|times|time|am|pm|o|percent|photo*|step*|minuten|stunde*|tag|tage|tagen|woche*|monat*|jahr*|uhr|mal|heure*|jour*|semaine*|mois|ans|fois
minuto*|hora*|dia|dias|semana*|mes|meses|anos|veces|vezes|minuti|ore|ora|giorni|settiman*|mesi|anni|volte|godzin*|dni|tygodni*|miesiec*|lat|razy|минут*|час*|дн*|недел*|месяц*|лет|раз
دقيقه|دقاءق|ساعه|ساعات|يوم|ايام|اسبوع|شهر|سنه|dakika*|saat*|gun|hafta*|ay|yil|kez|मिनट|घंटे|दिन|हफ्ते|महीने|साल|बार]]

-- Small words between them.
M.between = [[of my his her our your their the these those s mum mom dad mother father meiner meinen der den de des mes du mis los las dos das dei delle od z из من]]

-- The weights that medicines have, and from how many on they are much.
M.weights = { mg = 5000, g = 5, gr = 5, gram = 5, grams = 5, gramm = 5, grammes = 5, gramos = 5, gramas = 5, grammi = 5, gramow = 5, ["мг"] = 5000, ["г"] = 5, ["грамм"] = 5 }

-- With these it is a habit, or no medicine.
M.excuses = [[per day|a day|every day|each day|daily|a week|per week|every week|weekly|a month|per month|every month|over the last|over the past|pro tag|am tag|taglich|jeden tag|pro woche|par jour|chaque jour|tous les jours
al dia|por dia|cada dia|todos los dias|todos os dias|al giorno|ogni giorno|dziennie|codziennie|w tygodniu|в день|каждыи день|يوميا|كل يوم|gunde|her gun|रोज|हर दिन|vitamin*|supplement*|creatin*|kreatin*|homeopath*|globuli|ipad*|android*|samsung|years ago|year ago|vor jahren|in the movie|in the film|in the game|in the book]]

-- Languages without spaces: counters of what is swallowed, numbers, swallowing, medicines.
M.squeezed = {
  { lang = "ja", counters = { "錠", "粒", "個", "つぶ", "かぷせる" }, took = { "飲ん", "飲み", "飲む", "のん", "服用" },
    pills = { "薬", "錠", "くすり", "ろきそにん", "ばふぁりん" }, many = { "十", "百", "大量の", "数十", "何十" } },
  { lang = "zh", counters = { "片", "粒", "颗", "顆", "瓶", "盒", "板" }, took = { "吃", "吞", "服", "喝", "咽" },
    pills = { "药", "藥", "安眠", "布洛芬", "阿司匹林", "扑热息痛", "对乙酰", "头孢", "止痛" }, many = { "十", "百", "几十", "一整", "整" } },
  { lang = "ko", counters = { "알", "정", "개", "통", "병" }, took = { "먹", "삼켰", "삼키", "복용", "털어넣" },
    pills = { "약", "수면제", "진통제", "타이레놀" }, many = { "열", "스무", "서른", "마흔", "쉰", "예순", "백", "수십", "몇십" } },
}

return M
