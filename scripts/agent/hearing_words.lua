-- scripts/agent/hearing_words.lua -- words by which agent.hearing knows how a line is meant.
-- English, German, French, Spanish, Portuguese, Italian, Polish, Russian, Arabic, Turkish, Hindi, Japanese, Chinese,
-- Korean and Thai.  They are written as unicode.fold and unicode.words would make them, since they are read at every
-- load: lower case, no accents, hiragana for katakana, a space wherever a word ends.  Phrases are parted by "|".

local M = {}

-- Names that are words as well: they count only where nothing but a name can stand.
M.common = [[will mark hope rose may art bill grace joy faith june april august summer autumn amber ivy lily olive pearl ruby
daisy violet iris holly ginger sage basil dawn eve sky star sunny angel bishop chance chase chip chuck cliff clay dale dean
drew duke earl frank gene grant guy hunter jack jay jean lance lane major max miles nick norm pat patience penny
rich rob robin rocky rod rusty sandy scout sue trip victor wade ward woody reed heath forest brook crystal destiny harmony
honor melody mercy misty opal paige page pepper piper prudence rainbow raven river robot scarlet serenity storm trinity
truth verity winter wren chat echo nova buddy pal champ bot ai assistant helper agent support mate bob tom carol dick
john josh mike more best love king prince sunday friday monday gym team group club news one just
wolf ernst rosa klaus heide dirk linde pierre claire aime blanche fleur marine olivier clement constant desire parfait
luz paz sol mar cruz dolores esperanza consuelo pilar rocio mercedes soledad alba leon angeles
gioia speranza fede fiore stella luna bianca chiara pace grazia amore vita serena felice
vera roza wiara slawa luba вера надежда любовь роза слава лев мир свет маия роман
سلام نور امل كريم سعيد امين ورد حلم سما فرح صبر جميل رحمه هدي
deniz baris umut can ay yildiz gunes ozgur bulut cicek gul savas yagmur ruzgar sevgi hayat onur
आशा प्रकाश ज्योति शांति दया किरण सागर आकाश पूजा गीता
さくら 桜 ひかり 光 はな 花 ゆき 雪 そら 空 うみ 海 あい 愛 のぞみ 望 ゆめ 夢 いずみ 泉 はる 春 なつ 夏 あき 秋 ふゆ 冬 つき ほし
小雪 明 小花 雨 阳 高 王 金
하늘 사랑 이슬 바다 나무 별 봄 보람 가을 겨울 여름 소리 아름 한결 미소
ฟ้า น้ํา ฝน ดาว ใจ เดือน]]

-- Parts of a name that say what somebody is: "my coach" is somebody else.
M.roles = [[coach doctor doc dr chef teacher professor prof captain trainer guide mentor nurse master mister mr mrs ms miss
madam sir lady uncle aunt father sister brother saint sensei guru tutor advisor expert concierge lehrer trainerin koch arzt
professeur docteur maitre entraineur profesor profesora doctora entrenador treinador professora allenatore dottore trener
trenerka lekarz тренер доктор учитель مدرب دكتور استاذ antrenor doktor hoca कोच डॉक्टर गुरु こーち 先生 教练 老师 医生 코치 선생 의사
โค้ช ครู หมอ]]

-- Before a name, these tell of a third person ("my friend Alex", "with Alex").
M.of_third = [[my your his her our their the a an this that another some friend brother sister cousin dog cat uncle aunt mom mum dad
boss colleague coworker neighbor neighbour husband wife boyfriend girlfriend son daughter mate roommate called named
with from about to for by of in on at since until last next every without like than against told met saw see know knew love miss visited called ask asked asking tell text texted message messaged email
invite invited mention mentioned heard seen
mein meine meinem meinen dein sein unser der die das dem den ein eine freund freundin bruder schwester kollege chef mit von
uber fur bei nach zu ohne mon ma mes ton ta son sa notre le la les un une ami amie frere soeur collegue avec chez pour sur de
mi mis su nuestro el los amigo amiga hermano hermana colega con para sobre por meu minha seu nosso o os irmao irma com
mio mia tuo suo nostro il lo gli amico amica fratello sorella collega di per al ad ao vu demande preguntaste perguntaste pytales pytalas spytales spytalas zapytales zapytalas widziales widzialas znasz
moj moja twoj jego jej przyjaciel kolega brat
siostra z od dla o bez мои моя мои твои его ее наш друг подруга брат сестра коллега с от про для о без у
спросил спросила спроси видел видела знаешь
قال قالت يقول تقول ذهب ذهبت كان كانت جاء جاءت رايت سالت كلمت تعرف صديقي صديقتي اخي اختي مع عن من الي benim arkadasim kardesim ile मेरा मेरी मेरे दोस्त भाई बहन]]

-- After a name, these tell of a third person ("Alex said so").
M.does_third = [[said says told tells is was has had went came would thinks thought wants wanted knows knew likes liked loves
did does who which never already just still also isn gave got made looks seems sounds
sagt sagte hat hatte ist war meint meinte ging kam findet wollte wusste dit disait est etait avait pense va fait
dijo dice es esta era fue ha piensa tiene quiere disse diz foi tem acha era ha dice pensa e ed
powiedzial powiedziala mowi mowil jest byl byla ma mial сказал сказала говорит был была думает
قال قالت يقول كان كانت dedi diyor ने कहता कहती है था]]

-- "my trainer Alex"
M.possessives = [[my our his her their mein meine meinem unser unsere mon ma notre mi nuestro nuestra meu minha nosso nossa mio mia nostro moj moja
nasz мои моя мои наш наша benim bizim]]

-- "Alex a dit"
M.has_done = [[a dit|a fait|a ete|a eu|a parle|a raison|a tort|a trouve|a pris|a vu|a raconte|m a|t a|l a|ha detto|ha fatto|me dijo|nos dijo|me ha dicho|me disse]]

-- "Coach, I need you"
M.who_asks = [[i we you my our let ich wir du je nous yo eu io]]

-- With a capital behind a name, these begin what is said and are no surname ("Alex It hurts").
M.begins = [[it he she they there here these those if because just got am been had today tomorrow yesterday now maybe help ok okay yes
no not what who so but and then one two some nothing something everything in on at as es er sie ihr das dies hier da heute morgen jetzt
hilfe bitte danke nicht kein il elle ils c j on ce ca aujourd est un une des el ella esto hoy ayer no tengo ele ela isso hoje ontem lui lei
questo oggi ieri on ona to dzis wczoraj mam nie]]

-- Whoever is called so is spoken to.
M.you = [[you u ya ye du ihr sie tu vous usted ustedes voce voces lei voi ty wy ты вы]]

-- Before a further name in address ("Sarah and Alex, ..").
M.also = [[and und et y e o ed i oraz и or oder ou lub или و او ve veya और या]]

-- Behind a name of kana, in Han.
M.titles = [[先生 様 君 氏 先輩 選手]]

-- Before a name in address, besides greetings and thanks.
M.openers = [[so and but well ok okay yes no yeah yep nope oh wow sorry ask asking dear right look listen wait also or sir please
also und aber ja nein ach bitte liebe lieber frag alors et mais oui non cher chere demande pero si oye querido querida
pregunta mas sim nao entao caro cara allora ma senti chiedi ale tak nie drogi droga spytaj zapytaj но да нет слушаи спроси
дорогои дорогая يا ايها عزيزي عزيزتي اسال ya ama evet hayir sevgili और लेकिन हाँ नहीं अरे ओ प्रिय जी ねえ ねぇ ね あの 那 那么 喂 亲爱的 问问 问
저기 저기요 근데 그럼 คุณ พี่ น้อง ถาม]]

M.greetings = [[hi|hello|hey|hiya|yo|howdy|good morning|good afternoon|good evening|good day|greetings|sup|morning|evening|hey there|hi there
hallo|guten morgen|guten tag|guten abend|moin|servus|gruss gott|grusse|hei
bonjour|bonsoir|salut|coucou|hola|buenos dias|buenas tardes|buenas noches|buenas|que tal|ola|oi|bom dia|boa tarde|boa noite
ciao|buongiorno|buonasera|salve|czesc|hej|dzien dobry|dobry wieczor|siema|witaj|witam
привет|здравствуи|здравствуите|добрыи день|доброе утро|добрыи вечер|приветик
مرحبا|اهلا|السلام عليكم|سلام عليكم|صباح الخير|مساء الخير|هلا|merhaba|selam|gunaydin|iyi gunler|iyi aksamlar
नमस्ते|नमस्कार|हैलो|हाय|こんにちは|こんばんは|おはよう|やあ|どうも|もしもし|はじめまして
你好|您好|嗨|哈喽|嘿|早上好|晚上好|下午好|大家好|早安|안녕|안녕하세요|하이|여보세요|สวัสดี|หวัดดี
γεια|γεια σου|γεια σασ|καλημερα|καλησπερα|שלום|היי|בוקר טוב|hoi|goedemorgen|goedemiddag|hejsan|tjena|ahoj|dobry den|привіт|добрии день|вітаю|buna|buna ziua|szia|jo napot|xin chao|chao|selamat pagi|zdravo|bok]]

M.farewells = [[bye|goodbye|good night|goodnight|see you|see ya|talk later|take care|ciao|tschuss|auf wiedersehen|gute nacht|bis spater|bis morgen
au revoir|a bientot|bonne nuit|a demain|adios|hasta luego|hasta manana|tchau|ate logo|ate amanha|arrivederci|a presto|buonanotte
pa pa|do widzenia|dobranoc|na razie|пока|до свидания|спокоинои ночи|до завтра|مع السلامه|الي اللقاء|تصبح علي خير|gorusuruz|hosca kal|iyi geceler
अलविदा|फिर मिलेंगे|शुभ रात्रि|さようなら|じゃあね|またね|おやすみ|再见|拜拜|晚安|明天见|잘 가|잘자|잘 자|안녕히|ลาก่อน|ราตรีสวัสดิ์
αντιο|καληνυχτα|τα λεμε|להתראות|לילה טוב|tot ziens|doei|hej da|na shledanou|nashle|до побачення|буваи|la revedere|viszlat|tam biet|sampai jumpa]]

-- With one of these a line of thanks is none.
M.refusals = [[no|not|nothing|never|don t|didn t|nein|nicht|nichts|kein|keine|non|pas|rien|nada|nao|niente|nie|nic|не|нет|ничего|لا|hayir|degil|नहीं|いいえ|いらない|不|不用|아니|아니요]]

M.thanks = [[thanks|thank you|thank u|thx|ty|tysm|cheers|much appreciated|perfect|got it|will do|many thanks
danke|dankeschon|vielen dank|merci beaucoup|merci|merci bien|gracias|muchas gracias|obrigado|obrigada|valeu|grazie|grazie mille
dzieki|dziekuje|dziekuje bardzo|wielkie dzieki|спасибо|благодарю|спс|شكرا|شكرا جزيلا|مشكور|يسلمو|tesekkurler|tesekkur ederim|sagol|sag ol|eyvallah
धन्यवाद|शुक्रिया|थैंक्यू|ありがとう|ありがとうございます|さんきゅー|感謝|助 かりました|谢谢|多谢|感谢|謝謝|谢啦|고마워|고맙습니다|감사합니다|감사해요|땡큐|ขอบคุณ|ขอบใจ
ευχαριστω|σ ευχαριστω|ευχαριστουμε|תודה|תודה רבה|dank je|dank je wel|bedankt|dank u|tack|tack sa mycket|takk|tusen takk|tak skal du have|kiitos|diky|dekuji|dekuju|дякую|multumesc|mersi|koszonom|koszi|cam on|terima kasih|makasih|hvala|blagodaria|благодаря|salamat|asante]]

M.nods = [[ok|okay|k|kk|cool|nice|lol|haha|hah|hahaha|lmao|rofl|great|yep|yup|yes|no|nope|sure|alright|awesome|wow|sounds good|makes sense|good|fine|done
alles klar|gut|super|genau|ja|nein|d accord|oui|non|vale|claro|si|jaja|jajaja|ta bom|sim|nao|kkk|kkkk|rsrs|va bene|certo|perfetto|dobra|spoko|tak|nie|jasne
хорошо|ок|ладно|да|нет|понятно|ясно|супер|ахаха|تمام|حسنا|نعم|لا|اوك|ههه|هههه|tamam|evet|hayir|peki|ठीक है|अच्छा|हाँ|नहीं|हाहा
はい|うん|うんうん|了解|わかった|わかりました|なるほど|いいね|そうだね|そうですね|笑|草|www|好|好的|嗯|嗯嗯|哈哈|哈哈哈|明白|知道了|可以|네|응|그래|알았어|알겠어요|좋아|ㅋㅋ|ㅋㅋㅋ|ㅎㅎ|โอเค|ได้|555|5555]]

-- Whoever says so wants no more of it.
M.declines = [[no thanks|no thank you|no thank u|nope thanks|nah thanks|not now thanks|i m good thanks|i m fine thanks|im good thanks|thanks but no|no need|never mind
nevermind|not needed
nein danke|nee danke|danke nein|nicht notig|schon gut|non merci|merci non|pas besoin|no gracias|gracias pero no|no hace falta|nao obrigado|nao obrigada
nao precisa|no grazie|non serve|nie dziekuje|nie dzieki|nie trzeba
нет спасибо|спасибо нет|не надо|не нужно|لا شكرا|شكرا لا|لا داعي|hayir tesekkurler
hayir tesekkur ederim|hayir sagol|yok sagol|gerek yok|नहीं धन्यवाद|नहीं शुक्रिया|जी नहीं
रहने दो|रहने दीजिए
結構 です|いいえ 結構 です|大丈夫 です|いりません|いらないです|遠慮 します|不用了|不用谢谢
不了谢谢|不需要|不必了|괜찮아요|괜찮습니다|아니요 괜찮아요|필요 없어요|필요없어요|사양할게요
ไม่เป็นไร|ไม่ต้อง|ไม่เอา]]

-- Whoever says so, and no more, wants the agent to be silent.
M.stops = [[stop|stop it|stop that|stop this|stop talking|stop writing|stop typing|stop posting|stop messaging|stop replying|stop answering|stop responding
stop chatting|stop spamming|stop bothering me|stop bothering us|stop texting|stop texting me|stop messaging me|shut up|shut it|be quiet|be silent
keep quiet|quiet|hush|shush|shh|silence|that s enough|enough already|enough now|zip it|leave me alone|leave us alone|go away|get lost|stfu|pipe down
no more messages|don t write|don t answer|don t reply|don t talk|don t talk to me|cut it out|knock it off|give it a rest
stopp|hor auf|hor auf damit|hor auf zu schreiben|hor auf zu reden|halt den mund|halt bitte den mund|halt endlich den mund|halt die klappe|halts maul|halt s maul|sei still|sei ruhig|sei leise
ruhe|schweig|still|klappe|lass mich in ruhe|lass uns in ruhe|geh weg|aufhoren|schreib nicht mehr|schreib mir nicht mehr|es reicht|das reicht
genug jetzt|schluss jetzt|schluss
arrete|arretez|arrete ca|tais toi|taisez vous|la ferme|ferme la|silence|chut|ca suffit|laisse moi tranquille|laisse nous tranquilles|arrete de parler
arrete d ecrire|arrete de repondre
para|para ya|basta|basta ya|ya basta|callate|calla|silencio|deja de escribir|deja de hablar|deja de responder|dejame en paz|dejanos en paz|alto
cierra la boca|detente
pare|para com isso|cala a boca|cale a boca|cala te|silencio|chega|deixa me em paz|me deixa em paz|me deixe em paz|fica quieto|fique quieto
para de escrever|pare de escrever|para de falar|pare de falar
fermati|smettila|smetti|zitto|zitta|stai zitto|stai zitta|sta zitto|silenzio|taci|chiudi la bocca|lasciami in pace|lasciaci in pace|smetti di scrivere
smettila di scrivere|smetti di parlare
przestan|przestan pisac|przestan mowic|cicho|cicho badz|badz cicho|zamknij sie|ucisz sie|dosc|wystarczy|daj mi spokoj|daj nam spokoj|milcz|zamilcz
nie pisz
стоп|хватит|замолчи|замолчите|молчи|тихо|тише|заткнись|перестань|прекрати
отстань|помолчи|тишина|оставь меня в покое|не пиши|не пиши больше|хватит писать
довольно
توقف|توقفي|قف|اسكت|اسكتي|اصمت|اصمتي|كفي|يكفي|خلاص|بس خلاص|بس|اتركني|اتركنا
دعني وشاني|لا ترد|لا تكتب|هدوء|توقف عن الكتابه|توقف عن الكلام
dur|sus|kes|kes sesini|kapa ceneni|sessiz ol|yeter|yeter artik|yazma|yazmayi birak|konusma|konusmayi kes|beni rahat birak|rahat birak
रुको|रुक जाओ|बस|बस करो|चुप|चुप रहो|चुप करो|चुप हो जाओ
बंद करो|शांत रहो|मुझे अकेला छोड दो|मत लिखो|खामोश|खामोश रहो
黙 って|黙 れ|黙 ってください|静 かに|静 かにして|静 かにしろ|静 かにしてください|やめて|やめろ
やめてください|すとっぷ|止 めて|うるさい|もうやめて|話 しかけないで|ほっといて
闭嘴|住口|停|停止|停下|安静|安静点|安静一点|别说了|别说话|不要说了|不要说话|别发了|别吵|别吵了|够了|别烦我|走开|閉嘴|安靜
別說了
그만|그만해|그만 해|멈춰|닥쳐|조용히 해|조용히 해줘|조용히 해 줘|조용히|조용|입 다물어|말하지 마|그만 말해
그만 써|시끄러워|저리 가|스톱
หยุด|หยุดพูด|เงียบ|เงียบหน่อย|หุบปาก|พอได้แล้ว|พอแล้ว
เลิกพูด|อย่าพูด|หยุดส่ง|หยุดเถอะ]]

-- Small words around that.
M.soft = [[please pls plz now just ok okay already right really you it this that at once immediately can could would will for god s sake bot damn hell fuck
fucking man dude me us with to
bitte jetzt mal doch endlich sofort einfach du mir uns stp svp s il te plait vous maintenant tout de suite por favor ya ahora agora ja per favore
adesso ora subito prosze juz teraz natychmiast
пожалуиста уже сеичас все من فضلك الان رجاء lutfen artik simdi hemen कृपया अब अभी
प्लीज 请 請 你 请你 吧 了 现在 给我 좀 제발 이제 지금 요 ください い ね よ もう さん ちゃん くん นะ
ครับ คะ ค่ะ หน่อย]]

-- Thanks with one of these go on to something else.
M.but = [[but however though although still aber doch jedoch mais pourtant pero aunque mas porem pero ma ale jednak но однако لكن ama
ancak fakat लेकिन मगर पर]]

-- Small words of Polish and Czech: where one of them stands, "Anno" calls an Anna.
M.slavic = [[co czy jak jest sie dla masz mozesz jaki jaka kiedy gdzie prosze hej czesc dzien dzieki polecasz myslisz kdy kde mas
muzes prosim ahoj]]

-- Words of a name that call nobody.
M.not_names = [[the and der die das von van den und les des del della los las dos das bin ibn abu for of our your my]]

-- What follows a name with a hyphen and belongs to it.
M.honorifics = [[san chan kun sama sensei senpai ssi nim ah ya]]

-- "What a game" begins like a question; these leave no doubt that somebody is asked for something.
M.requests = [[can could would do are did have what how when where why who which is any please tell help show give explain
kannst wie was wann wo warum hilf sag peux comment quoi puedes como que puedes puoi mozesz jak co czy]]

-- How a question begins that may lack its mark.
M.questions = [[how do|how does|how did|how can|how could|how should|how would|how much|how many|how long|how often|how is|how are|how s
what is|what s|what are|what do|what does|what did|what should|what would|what can|what about|what time|which one|who is|who s|who can|who knows
when is|when do|when does|when should|where is|where s|where can|where do|why is|why do|why does|why did|why are
can you|could you|would you|will you|do you|did you|are you|have you|can i|could i|should i|may i|can we|should we|does anyone|does anybody|does it
is there|are there|is it|any tips|any idea|any ideas|any advice|any suggestions|anyone know|anybody know|anyone knows
was ist|was sind|was soll|was haltst|was meinst|was denkst|was kann|wie kann|wie geht|wie viel|wie viele|wie oft|wie lange|wie soll|wann ist|wann soll|warum|wieso|weshalb|wo ist|wo kann|wer kann|wer ist|wer weiss|kannst du|konntest du|konnt ihr|hast du|weisst du|gibt es|soll ich|darf ich|kann ich
est ce que|qu est ce|que penses|comment faire|comment puis|comment on|comment ca|pourquoi|combien|ou est|peux tu|pouvez vous|tu peux|c est quoi|quel est|quelle est|tu penses quoi|quand est
que opinas|que piensas|que es|que puedo|que hago|como puedo|como hago|como se|como estas|cuanto|cuantos|cuando es|donde esta|por que|cual es|puedes|podrias|sabes
o que|como faco|como posso|como esta|qual e|quanto|quantos|onde fica|voce pode|voce sabe|pode me|sera que|cosa ne|cosa pensi|come posso|come faccio|come stai|quanti|dove si|perche|puoi|potresti|che ne
czy|jak|co polecasz|co myslisz|co sadzisz|co robic|kiedy|gdzie|dlaczego|ile|mozesz|ktory|ktora|как|что думаешь|что делать|что такое|когда|где|почему|сколько|можешь|можете|какои|какая|какие|кто знает|зачем|подскажи|подскажите
هل|ما هو|ما هي|ما رايك|ماذا|كيف|متي|اين|لماذا|كم|nasil|neden|ne zaman|nerede|ne dersin|ne yapmali|kac|kim bilir|क्या|कैसे|क्यों|कब|कहाँ|कौन|कितना|कितने]]

-- How it ends: the last word, or the end of it in scripts without spaces.
M.question_ends = [[mi mu misin musun misiniz musunuz midir right huh eh oder innit]]
M.question_tails = [[か かな かしら ですか ますか 吗 呢 嗎 吧 怎么样 怎么办 如何 什么 多少 为什么 까 까요 나요 니 냐 가요 을까 ㄹ까 어때 뭐야 뭐지 ไหม มั้ย ไหมครับ ไหมคะ ไหมค่ะ มั้ยครับ มั้ยคะ ไง ไงครับ ไงคะ อะไรครับ อะไรคะ
หรือเปล่า อะไร ยังไง อย่างไร ทําไม เมื่อไหร่ ที่ไหน เท่าไหร่ ใคร]]

M.everyone = [[everyone everybody all here channel room guys folks team alle zusammen leute tous todos todas tutti wszyscy wszystkim
всем все الجميع herkes millet सब みんな みなさん 皆 大家 各位 여러분 모두 ทุกคน]]

-- What follows a name within its word: it is spoken to; it is the topic; it is a third person.
M.tails = {
  H = {
    to = "야 아 이야 씨 님 형 누나 오빠 언니 선생님 코치님 쌤 코치",
    topic = "은 는 도 이는",
    third = "이 가 을 를 의 에게 한테 와 과 랑 이랑 하고 께서 에 로 으로 이가 이를 보고 이한테",
  },
  J = {
    to = "さん ちゃん くん さま せんせい せんぱい たん こーち ー ーー よ や さーん ちゃーん ねえ",
    topic = "は って も なら はどう",
    third = "が を の に へ と から より まで だ です でした がいい とか",
  },
  Z = {
    to = "我 我们 咱们 俺 你 您 同学 老师 教练 哥 姐 先生 小姐 医生 妹 弟 君 様 氏 先輩 请 帮 能",
    topic = "觉得 会 可以 有 要 怎么 什么 为什么",
    third = "说 是 在 的 了 和 跟 昨天 今天 去 来 也 都 真 很",
  },
  T = {
    to = "อยากถาม ขอถาม มีคําถาม ผม ฉัน หนู เรา ครับ ค่ะ คะ คับ จ้า จ๊ะ นะ ช่วย คุณ ขอ",
    topic = "คิดว่า มี ว่า",
    third = "บอก เป็น อยู่ ไป มา กับ ของ และ",
  },
}
M.tails.K = M.tails.J

-- Endings of the vocative where it changes the name, by the end of the name (folded).
M.vocatives = {
  { "ek", "ku" }, { "el", "le" }, { "tr", "trze" }, { "tr", "tre" }, { "sz", "szu" }, { "s", "si" }, { "s", "sie" },
  { "a", "o", slavic = true }, { "", "u" }, { "", "ie" }, { "", "e" }, { "ia", "iu" }, { "sia", "siu" },
  { "ии", "ие" }, { "а", "о" }, { "я", "ю" }, { "а", "" }, { "я", "" }, { "", "е" }, { "", "у" }, { "и", "ю" },
  { "οσ", "ε" }, { "οσ", "ο" }, { "ησ", "η" }, { "ασ", "α" }, { "as", "ai" },
}

return M
