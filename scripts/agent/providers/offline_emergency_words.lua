-- scripts/agent/providers/offline_emergency_words.lua -- by which agent.providers.offline_emergency knows danger, and what
-- it says.  Phrases are written as unicode.phrases reads them (folded, parted by "|", "*" for a beginning, "_" for a gap),
-- since they are read at every load.

local M = {}

-- danger: of body; self: of harming oneself.  Each has `not_with`: words with which it means something else.
-- squeezed: looked through without spaces.
M.languages = {
  {
    lang = "en",
    danger = {
      { [[chest _ pain*|pain* _ chest|chest _ hurt*|chest _ tight*|tight in _ chest|tight around my chest|tight chest|tightness _ chest|pressure _ chest|chest _ pressure|crushing _ chest|left arm _ numb|numb* _ left arm]],
        [[chest muscle*|pec|pecs|doms|sore chest|chest _ sore|chest press _ hurt*|chest press _ tight*|chest day _ hurt*|no chest pain|without chest pain|chest of drawers|shirt|bra|strap|jacket]] },
      { [[can t breathe|cant breathe|cannot breathe|can not breathe|can t breath|cant breath|can barely breathe|barely breathe|can hardly breathe|trouble breathing|difficulty breathing|difficulties breathing
problems breathing|struggling to breathe|hard to breathe|not breathing|isn t breathing|stopped breathing|gasping for air|can t catch my breath|cant catch my breath|hurts to breathe|hurts when i breathe|am choking|i m choking|is choking]],
        [[laugh*|lol|lmao|rofl|haha*|hilarious|funny|no trouble breathing|not breathing right|not breathing properly|not breathing correctly|choking under pressure]], jokes = true },
      { [[heart attack|having a stroke|had a stroke|has a stroke|got a stroke|suffered a stroke|think _ a stroke|symptoms of a stroke|signs of a stroke]],
        [[laugh*|lol|lmao|rofl|haha*|hilarious|gave me a heart attack|give me a heart attack|gives me a heart attack|giving me a heart attack|given me a heart attack|almost had a heart attack|nearly had a heart attack
almost got a heart attack|heart attack risk|risk of|prevent*|avoid*|years ago|year ago|months ago|last year|in 19*|in 20*|died of|stroke of luck|stroke of genius|swim*|golf|paddle|rowing|in the movie|in the film|in the show|in the book|in the game]], jokes = true },
      { [[face _ droop*|droop* _ face|face is numb|face _ numb on one side|slurr* _ speech|speech _ slurr*|slurring _ words|one side _ numb|can t move my arm|can t move my leg|can t move one|having a seizure|anaphyla*
throat _ closing|throat _ swelling|throat is swollen|tongue _ swelling|tongue is swollen|he won t wake up|she won t wake up|he collapsed|she collapsed|just collapsed and|won t stop bleeding|bleeding heavily|bleeding badly|bleeding a lot|losing a lot of blood
call an ambulance|need an ambulance|too many _ pills|too many _ tablets|swallowed _ pills|took _ bottle of pills|whole bottle of _ pills|all _ pills at once|drank bleach|swallowed bleach|drank poison|swallowed poison|been poisoned|alcohol poisoning]],
        [[water pills|collapsed the|collapsed a|collapsed that|collapsed all]] },
      { [[overdos*|unconscious]], [[overdos* on _ chocolate|overdos* on _ coffee|overdos* on _ sugar|overdos* on _ cute*|overdos* on _ netflix|overdose of cute*|unconscious bias*|unconscious mind|unconscious habit*
in the movie|in the film|in the show|in the book|in the game|lol|haha*]], jokes = true },
    },
    self = [[kill myself|killing myself|kill himself|kill herself|kill themselves|killing himself|killing herself|end my life|ending my life|end it all|ending it all|take my own life|taking my own life
take my life|hurt myself on purpose|hurting myself on purpose|want to hurt myself|wanna hurt myself|harm myself|harming myself|cutting myself|cut myself on purpose|want to cut myself
want to die|wanna die|wish i was dead|wish i were dead|i d rather be dead|better off dead|want to be dead|better off without me|don t want to live anymore|dont want to live anymore|don t want to live|dont want to live|no reason to live|nothing to live for
don t want to be alive|dont want to be alive|don t want to be here anymore|don t want to wake up anymore|suicidal|commit suicide|committing suicide|suicide|self harm*|selfharm*|unalive*]],
    self_not = [[is a film|is a movie|is a song|is a book|film about|movie about|book about|song about|song called|suicide squad|suicide sprint*|suicide run*|suicide drill*|suicide door*|suicide burn|career suicide|political suicide|social suicide|commercial suicide|of embarrassment|embarrass* _ want to die|laugh* _ want to die
cutting myself off|cutting myself some|cutting myself a|cutting myself shaving|end it all on a]],
    danger_say = "This can be an emergency, and nothing for a chat. Call your local emergency number now: 112 in Europe, 911 in the US and Canada, 999 in the UK, 000 in Australia. Stay with the person, and do what the people on the phone tell you.",
    self_say = "I'm really glad you said that, and I'm sorry that it is so heavy right now. I'm not the right help for this: please talk to someone now. In an emergency call your local emergency number (112 or 911); in the US you can call or text 988 at any hour, in the UK and Ireland call 116 123. Is there a person near you whom you can call right away?",
  },
  {
    lang = "de",
    danger = [[brustschmerz*|schmerz* _ brust|brust _ schmerz*|brust tut _ weh|druck _ brust|stechen _ brust|engegefuhl _ brust|herzinfarkt|bekomme keine luft|kriege keine luft|krieg keine luft|keine luft mehr
kann nicht atmen|kann nicht _ atmen|schmerz* _ brustkorb|brustkorb _ schmerz*|kann kaum atmen|kann nicht mehr atmen|atemnot|atmet nicht|schlaganfall|gesicht _ hangt|gesicht _ taub|uberdosis|zu viele _ tabletten|tabletten geschluckt|vergiftet|vergiftung|bewusstlos*|wird ohnmachtig|ist ohnmachtig|blutet stark
hort nicht auf zu bluten|erstick*|krampfanfall|brauch* _ notarzt|ruf* _ notarzt|brauch* _ krankenwagen|ruf* _ krankenwagen]],
    danger_not = [[in arbeit|lach*|haha*|lol|fast einen herzinfarkt|herzinfarkt bekommen als|vor jahren|letztes jahr|muskelkater|vorbeug*|lebensmittelvergiftung]],
    self = [[bring* mich um|mich umbringen|umzubringen|mich toten|mein leben beenden|will sterben|mochte sterben|verletz* mich selbst|will nicht mehr leben|nicht mehr leben|selbstmord*|suizid*|mich selbst verletz*|selbstverletz*|ritze mich|mich ritzen|das leben nehmen|lieber tot]],
    self_not = [[vor lachen]],
    danger_say = "Das kann ein Notfall sein und ist nichts für einen Chat. Ruf jetzt den Notruf an: 112 (überall in der EU) oder die Notrufnummer vor Ort. Bleib bei der Person und tu, was man dir am Telefon sagt.",
    self_say = "Gut, dass du das sagst. Ich bin dafür nicht die richtige Hilfe: Bitte sprich jetzt mit einem Menschen. Im Notfall ruf 112 oder die Notrufnummer vor Ort an; die Telefonseelsorge ist in Deutschland zu jeder Stunde unter 0800 111 0 111 da. Ist jemand in deiner Nähe, den du gleich anrufen kannst?",
  },
  {
    lang = "fr",
    danger = [[mal _ poitrine|douleur* _ poitrine|poitrine _ mal|poitrine _ serre*|oppression _ poitrine|crise cardiaque|infarctus|peux pas respirer|peux plus respirer|arrive pas a respirer|arrive plus a respirer|respire plus
respire pas|du mal a respirer|j etouffe|s etouffe|avc|accident vasculaire|visage paralyse|overdose|surdose|trop de _ medicaments|trop de _ cachets|trop de _ comprimes|avale _ comprimes|empoisonn*|est inconscient|est inconsciente|tombe inconscient*|perdu connaissance|saigne beaucoup|n arrete pas de saigner|appel* _ ambulance|besoin _ ambulance]],
    danger_not = [[rire|rires|rigol*|mdr|ptdr|lol|haha*|failli faire une crise|il y a _ ans|l annee derniere|biais]],
    self = [[me suicider|suicid*|me tuer|mettre fin a mes jours|en finir avec la vie|envie de mourir|veux mourir|plus envie de vivre|veux plus vivre|me faire du mal|me fais du mal|m automutil*|automutil*|me scarifi*|me couper les veines]],
    self_not = [[de rire|de honte]],
    danger_say = "C'est peut-être une urgence, et un chat n'y peut rien. Appelle tout de suite les secours : 15 ou 112 en France, ou le numéro d'urgence de ton pays. Reste avec la personne et fais ce qu'on te dit au téléphone.",
    self_say = "Merci de l'avoir dit. Je ne suis pas la bonne aide pour cela : parle à quelqu'un maintenant, s'il te plaît. En urgence, appelle le 112 ou le numéro d'urgence de ton pays ; en France, le 3114 répond jour et nuit. Y a-t-il près de toi une personne que tu peux appeler tout de suite ?",
  },
  {
    lang = "es",
    danger = [[dolor* _ pecho|duele _ pecho|pecho _ duele|presion _ pecho|opresion _ pecho|infarto|ataque al corazon|ataque cardiaco|no puedo respirar|no puede respirar|no respira|me cuesta respirar|cuesta respirar|dificultad para respirar|me ahogo|se ahoga|me estoy ahogando|se esta ahogando
derrame cerebral|un derrame|ictus|sobredosis|demasiadas pastillas|muchas pastillas|envenenad*|me envenene|tomo veneno|tomado veneno|bebio veneno|esta inconsciente|quedo inconsciente|perdio el conocimiento|no despierta|sangra mucho|no para de sangrar|llam* _ ambulancia|necesit* _ ambulancia]],
    danger_not = [[vaso de agua|de infarto|risa|reir|jaja*|casi me da un infarto|hace _ anos|el ano pasado|sesgo]],
    self = [[suicid*|matarme|me quiero matar|quitarme la vida|acabar con mi vida|terminar con mi vida|quiero morir|quiero morirme|no quiero vivir|no quiero seguir viviendo|hacerme dano|me corto los brazos|autolesi*|cortarme las venas|me corto para]],
    self_not = [[de risa|de verguenza|de la risa]],
    danger_say = "Esto puede ser una emergencia y no es asunto de un chat. Llama ahora al número de emergencias de tu país: 112 en España, 911 en México y en gran parte de América. Quédate con la persona y haz lo que te digan por teléfono.",
    self_say = "Gracias por decirlo. Yo no soy la ayuda adecuada para esto: por favor, habla ahora con alguien. En una emergencia llama al número de emergencias de tu país (112 o 911); en España, el 024 atiende a cualquier hora. ¿Hay alguien cerca a quien puedas llamar ahora mismo?",
  },
  {
    lang = "pt",
    danger = [[dor* _ peito|peito _ doendo|peito doi|aperto _ peito|pressao _ peito|infarto|enfarte|ataque cardiaco|nao consigo respirar|nao consegue respirar|nao estou conseguindo respirar|nao respira|nao esta respirando|falta de ar|dificuldade para respirar|dificuldade em respirar|sufocando|engasgad*
avc|derrame|overdose|sobredosagem|muitos comprimidos|muitos remedios|envenenad*|esta inconsciente|ficou inconsciente|desmaiou e|sangrando muito|nao para de sangrar|cham* _ ambulancia|precis* _ ambulancia]],
    danger_not = [[rir|rindo|risada|kkk*|rsrs|quase tive um infarto|quase infartei|ha _ anos|ano passado|vies]],
    self = [[suicid*|me matar|tirar minha vida|tirar a minha vida|acabar com minha vida|acabar com a minha vida|quero morrer|vontade de morrer|nao quero mais viver|nao quero viver|me machucar de proposito|automutil*|me cortar de proposito|quero me cortar]],
    self_not = [[de rir|de vergonha|cortar o cabelo]],
    danger_say = "Isto pode ser uma emergência e não é assunto para um chat. Ligue agora para o número de emergência local: 192 no Brasil, 112 em Portugal. Fique com a pessoa e faça o que lhe disserem ao telefone.",
    self_say = "Que bom que você disse isso. Eu não sou a ajuda certa para isto: por favor, fale agora com alguém. Numa emergência ligue para o número de emergência local (192 ou 112); no Brasil, o CVV atende no 188 a qualquer hora. Há alguém perto de você para quem possa ligar já?",
  },
  {
    lang = "it",
    danger = [[dolore _ petto|dolore _ torace|male _ torace|dolori _ petto|male _ petto|petto _ male|pressione _ petto|fitte _ petto|infarto|attacco di cuore|attacco cardiaco|non riesco _ respirare|non riesce _ respirare|non respiro|non respira|fatica a respirare|difficolta a respirare|sto soffocando|sta soffocando|soffoco
ictus|overdose|troppe pastiglie|troppe pillole|troppe compresse|troppi farmaci|avvelenat*|bevuto veleno|svenuto|svenuta|privo di sensi|priva di sensi|sanguina molto|non smette di sanguinare|chiam* _ ambulanza|serve _ ambulanza]],
    danger_not = [[ridere|risate|ahah*|haha*|quasi un infarto|venire un infarto|anni fa|anno scorso]],
    self = [[suicid*|uccidermi|ammazzarmi|togliermi la vita|farla finita|voglio morire|voglia di morire|non voglio piu vivere|non voglio vivere|farmi del male|autolesi*|tagliarmi le vene|mi taglio per]],
    self_not = [[dal ridere|dalle risate|dalla vergogna]],
    danger_say = "Può essere un'emergenza, e una chat non basta. Chiama subito il 112, o il numero di emergenza del tuo paese. Resta con la persona e fai ciò che ti dicono al telefono.",
    self_say = "Hai fatto bene a dirlo. Io non sono l'aiuto giusto per questo: ti prego, parla adesso con qualcuno. In emergenza chiama il 112 o il numero di emergenza del tuo paese. C'è qualcuno vicino a te che puoi chiamare subito?",
  },
  {
    lang = "pl",
    danger = [[bol _ klatce|boli _ klatce|boli mnie klatka|klatka _ boli|ucisk _ klatce|bol* w piersi*|boli _ serce|zawal|nie moge oddychac|nie moze oddychac|nie oddycha|dusznosci|nie moge zlapac oddechu|trudno _ oddychac|dusze sie|dusi sie|dlawi sie|udar|przedawkow*|za duzo tabletek|duzo tabletek
polknal* _ tabletki|zatru*|otru*|nieprzytomn*|stracil* przytomnosc|mocno krwawi|nie przestaje krwawic|wezw* _ karetk*|potrzeb* _ karetk*|wezw* _ pogotowi*]],
    danger_not = [[smiech*|smieje|smieszne|haha*|o malo _ zawal*|prawie _ zawal*|lat temu|w zeszlym roku|zatrucie pokarmowe|sloneczn*]],
    self = [[zabic sie|sie zabic|zabije sie|sie zabije|samoboj*|odebrac sobie zycie|skonczyc ze soba|chce umrzec|nie chce zyc|nie chce juz zyc|nie chce mi sie zyc|zrobic sobie krzywde|okalecz*|tne sie|samookalecz*]],
    self_not = [[ze smiechu|ze wstydu]],
    danger_say = "To może być nagły wypadek, a czat tu nie pomoże. Zadzwoń teraz pod numer alarmowy: 112 (lub 999), albo numer alarmowy w Twoim kraju. Zostań z tą osobą i rób to, co usłyszysz przez telefon.",
    self_say = "Dobrze, że o tym mówisz. Nie jestem tu właściwą pomocą: proszę, porozmawiaj teraz z kimś. W nagłym wypadku zadzwoń pod 112 lub numer alarmowy w Twoim kraju; w Polsce pod 116 123 można porozmawiać za darmo. Czy jest blisko ktoś, do kogo możesz od razu zadzwonić?",
  },
  {
    lang = "ru",
    danger = [[бол* _ груди|груд* _ болит|болит груд*|груд* _ боль|болит сердце|давит _ груди|сдавил* _ груд*|инфаркт|сердечныи приступ|не могу дышать|не может дышать|не дышит|трудно дышать|тяжело дышать|задыха*|нечем дышать|подавился|подавилась|инсульт|передозир*|много таблеток|наглотал* таблеток|выпил* _ таблет* _ все|отравил*|отравлен*
без сознания|потерял* сознание|сильно кровит|сильное кровотечение|кров* не останавл*|истекает кров*|скорую помощь|вызов* скорую|вызвать скорую|анафила*]],
    danger_not = [[смеха|смеюсь|смешно|ахах*|хаха*|чуть _ инфаркт|чуть инфаркт|лет назад|в прошлом году]],
    self = [[покончить с собои|покончу с собои|убить себя|убью себя|самоубииств*|суицид*|свести счеты с жизнью|хочу умереть|не хочу жить|не хочу больше жить|причинить себе вред|режу себя|резать себя|порезать вены|лучше бы я умер*]],
    self_not = [[со смеху|от смеха|со стыда]],
    danger_say = "Это может быть опасно для жизни, и чат тут не поможет. Позвоните сейчас в экстренную службу: 112 или 103, или по номеру экстренной помощи в вашей стране. Оставайтесь с человеком и делайте то, что скажут по телефону.",
    self_say = "Хорошо, что вы об этом сказали. Я не та помощь, которая здесь нужна: пожалуйста, поговорите сейчас с человеком. В экстренном случае звоните 112 или по номеру экстренной помощи в вашей стране. Есть ли рядом кто-то, кому вы можете позвонить прямо сейчас?",
  },
  {
    lang = "ar",
    danger = [[الم _ صدر*|بالم _ صدر*|بالم _ الصدر|الم _ الصدر|وجع _ صدر*|صدري يولمني|صدري _ يوجعني|ضيق _ صدر*|ضغط _ صدر*|نوبه قلبيه|بنوبه قلبيه|ازمه قلبيه|جلطه|لا استطيع التنفس|لا استطيع ان اتنفس|لا يستطيع التنفس|لا تستطيع التنفس|مش قادر اتنفس|مش قادره اتنفس|ما اقدر اتنفس|لا اقدر اتنفس|لا يتنفس|لا تتنفس|ضيق تنفس|ضيق في التنفس|صعوبه في التنفس|اختنق|يختنق|سكته دماغيه|سكته قلبيه
جرعه زايده|جرعه زاءده|جرعه مفرطه|حبوب كثيره|الكثير من الحبوب|تسمم|فاقد الوعي|فاقده الوعي|فقد وعيه|فقدت الوعي|مغمي عليه|مغمي عليه|ينزف بشده|نزيف|اسعاف]],
    danger_not = [[الضحك|ضحك|ههه*|قبل سنوات|العام الماضي]],
    self = [[انتحر|انتحار|الانتحار|اقتل نفسي|قتل نفسي|انهي حياتي|انهاء حياتي|اريد ان اموت|اريد الموت|ابغي اموت|نفسي اموت|لا اريد ان اعيش|لا اريد العيش|اوذي نفسي|ايذاء نفسي|اجرح نفسي]],
    self_not = [[من الضحك]],
    danger_say = "قد تكون هذه حالة طارئة ولا تحلّها محادثة. اتصل الآن برقم الطوارئ في بلدك (112 في دول كثيرة، 997 في السعودية، 123 في مصر، 998 في الإمارات). ابقَ مع الشخص وافعل ما يقال لك على الهاتف.",
    self_say = "من الجيد أنك قلت ذلك. لست المساعدة المناسبة لهذا الأمر: أرجوك تحدّث الآن مع شخص ما. في حالة الطوارئ اتصل برقم الطوارئ في بلدك (112 في دول كثيرة). هل بقربك أحد يمكنك الاتصال به فورًا؟",
  },
  {
    lang = "tr",
    danger = [[gogsum _ agri*|gogus agri*|gogsumde _ agri*|gogsumde _ baski|gogsum sikis*|kalp krizi|nefes alamiyor*|nefes almiyor|nefes almakta zorlan*|nefes darligi|boguluyor*|inme gecir*|felc gecir*|beyin kanamasi|asiri doz|cok fazla hap|cok fazla ilac|hap ictim|ilac ictim hepsini|zehirlen*|bilincini kaybet*|bilinci kapali|bayildi ve|kanama durmuyor|cok kan kaybed*|ambulans cagir*|ambulans lazim]],
    danger_not = [[gulmekten|gulerken|haha*|yil once|gecen yil|az kalsin|kalp krizi geciriyordum az]],
    self = [[intihar*|kendimi oldur*|canima kiymak|yasamak istemiyorum|olmek istiyorum|hayatima son ver*|kendime zarar ver*|kendimi kes*]],
    self_not = [[gulmekten|utanctan]],
    danger_say = "Bu acil bir durum olabilir ve bir sohbetin işi değil. Hemen acil yardım numarasını ara: Türkiye'de 112, ya da bulunduğun yerdeki acil numara. Kişinin yanında kal ve telefonda söylenenleri yap.",
    self_say = "Bunu söylemen iyi oldu. Bunun için doğru yardım ben değilim: lütfen şimdi biriyle konuş. Acil durumda 112'yi ya da bulunduğun yerdeki acil numarayı ara. Yakınında hemen arayabileceğin biri var mı?",
  },
  {
    lang = "hi",
    danger = [[सीने _ दर्द|छाती _ दर्द|सीने _ जकडन|सीने _ दबाव|दिल का दौरा|हार्ट अटैक|सांस नहीं ले|साँस नहीं ले|सांस नहीं आ|साँस नहीं आ|सांस लेने में _ तकलीफ|साँस लेने में _ तकलीफ|सांस लेने में _ दिक्कत|साँस लेने में _ दिक्कत|दम घुट|स्ट्रोक|लकवा|ओवरडोज|ज्यादा गोलियां|बहुत सारी गोलियां|बहुत सारी दवा|जहर खा|जहर पी|बेहोश हो|बेहोश है|खून बंद नहीं|एम्बुलेंस बुला|एंबुलेंस बुला
seene _ dard|chhati _ dard|chati _ dard|saans nahi|sans nahi|dil ka daura]],
    danger_not = [[हंसी|हँसी|हाहा|साल पहले|hansi]],
    self = [[आत्महत्या|खुदकुशी|खुद को मार|अपनी जान ले|जान दे दू|मरना चाहता|मर जाना चाहता|मर जाना चाहती|मरना चाहती|जीना नहीं चाहता|जीना नहीं चाहती|जीना नहीं है|खुद को नुकसान|खुद को चोट|marna chahta|marna chahti|jeena nahi|aatmahatya|khudkushi]],
    self_not = [[हंसी से]],
    danger_say = "यह आपात स्थिति हो सकती है और चैट का मामला नहीं है। अभी आपातकालीन नंबर पर फ़ोन करें: भारत में 112 (एम्बुलेंस 108), या अपने देश का आपातकालीन नंबर। उस व्यक्ति के साथ रहें और फ़ोन पर जो कहा जाए वही करें।",
    self_say = "अच्छा हुआ कि आपने यह कहा। इसके लिए मैं सही मदद नहीं हूँ: कृपया अभी किसी से बात करें। आपात स्थिति में 112 या अपने देश के आपातकालीन नंबर पर फ़ोन करें; भारत में टेली-मानस 14416 पर हर समय उपलब्ध है। क्या आपके पास कोई है जिसे आप तुरंत फ़ोन कर सकें?",
  },
  {
    lang = "ja", squeezed = true,
    danger = [[胸が _ 痛|胸の痛み|胸痛|胸 _ 苦し|胸が締め|心臓発作|心筋梗塞|息ができな|息ができま|呼吸ができま|息が出来な|呼吸ができな|呼吸が出来な|息が苦し|呼吸が苦し|呼吸困難|息をして _ ない|息してない|呼吸して _ ない|呼吸が止ま|窒息|脳卒中|脳梗塞|顔が _ 麻痺|半身 _ 麻痺|ろれつ _ 回ら|呂律 _ 回ら|過剰摂取|おーばーどーず|薬を _ 飲みすぎ|薬を大量|薬をたくさん|毒を飲|意識がな|意識不明|意識を失|出血が止ま|血が止まら|大量出血|あなふぃらきしー|救急車を呼|救急車呼]],
    danger_not = [[笑いすぎ|笑い死|笑笑|爆笑|年前|去年|筋肉痛|ときめ]],
    self = [[死にたい|自殺|自死|消えてしまいたい|消えたい|生きていたくない|生きるのが _ 辛|生きるのがつら|生きたくない|自分を傷つけ|自傷|りすとかっと|りすか|命を絶]],
    self_not = [[自殺点|笑い死|笑いすぎ]],
    danger_say = "緊急事態かもしれません。チャットで対応できることではありません。今すぐ119番（または地域の緊急通報番号）に電話してください。その人のそばを離れず、電話の指示に従ってください。",
    self_say = "話してくれてありがとうございます。私はこの件に適した助けではありません。どうか今、誰かと話してください。緊急のときは119番または110番（または地域の緊急通報番号）へ。よりそいホットライン0120-279-338は24時間つながります。すぐに電話できる人は近くにいますか。",
  },
  {
    lang = "zh", squeezed = true,
    danger = [[胸痛|胸口 _ 痛|胸口 _ 疼|胸口闷|胸闷|胸部 _ 疼|心脏病发|心脏病发作|心梗|心肌梗|不能呼吸|无法呼吸|呼吸不了|喘不过气|喘不上气|呼吸困难|没有呼吸|没呼吸|停止呼吸|孩子窒息|宝宝窒息|噎住|中风|脑梗|脑溢血|半边 _ 麻|嘴歪|药物过量|服药过量|用药过量|吃了太多药|吃了很多药|吃了一瓶药|吞了 _ 药|煤气中毒|药物中毒|农药中毒|喝了农药|昏迷|失去意识|不省人事|大出血|血止不住|流血不止|叫救护车|叫急救
胸口悶|胸悶|呼吸不到|喘不過氣|無法呼吸|中風|藥物過量|叫救護車]],
    danger_not = [[笑得|笑死|哈哈|年前|去年]],
    self = [[自杀|想死|不想活|结束自己的生命|结束生命|轻生|自残|割腕|伤害自己|自殺|活不下去|杀了我自己]],
    self_not = [[笑死|笑得|笑到|自杀式|想死你|想死我了]],
    danger_say = "这可能是紧急情况，聊天帮不上忙。请立即拨打当地急救电话：中国大陆120，香港999，台湾119。请留在那个人身边，按照电话里的指示去做。",
    self_say = "谢谢你说出来。这件事我不是合适的帮助：请现在就和一个人谈谈。紧急情况请拨打当地急救电话（中国大陆120或110，台湾119）；中国大陆心理援助热线12356。你身边有可以马上打电话的人吗？",
  },
  {
    lang = "ko", squeezed = true,
    danger = [[가슴이 _ 아프|가슴이 _ 아파|가슴 통증|가슴이 답답|가슴이 조|가슴이 쥐어|흉통|심장마비|심근경색|숨을 못 쉬|숨을 쉴 수|숨이 안 쉬|숨이 막혀|숨쉬기 힘들|숨쉬기가 힘들|숨 못 쉬|숨을 안 쉬|호흡 곤란|호흡곤란|질식|뇌졸중|뇌출혈|과다복용|약을 너무 많이|약을 많이 먹|수면제를|독을 마|의식이 없|의식을 잃|피가 멈추지|피가 안 멈|구급차|사람이 쓰러|갑자기 쓰러|아빠가 쓰러|엄마가 쓰러|아버지가 쓰러|어머니가 쓰러|할머니가 쓰러|할아버지가 쓰러]],
    danger_not = [[웃겨|웃다가|ㅋㅋ|ㅎㅎ|년 전|작년|설레]],
    self = [[자살|죽고 싶|죽고싶|살고 싶지 않|살기 싫|살고싶지|목숨을 끊|극단적 선택|자해|손목을 그]],
    self_not = [[자살골|웃겨 죽|웃겨서]],
    danger_say = "응급 상황일 수 있고, 채팅으로 해결할 일이 아닙니다. 지금 바로 119(또는 현지 긴급 전화번호)에 전화하세요. 그 사람 곁에 있으면서 전화로 안내하는 대로 하세요.",
    self_say = "말해 줘서 고마워요. 저는 이 일에 맞는 도움이 아니에요. 지금 사람과 이야기해 주세요. 긴급할 때는 119나 112(또는 현지 긴급 전화번호)에 전화하세요. 한국에서는 자살예방 상담전화 109가 24시간 받습니다. 바로 전화할 수 있는 사람이 가까이에 있나요?",
  },
}

return M
