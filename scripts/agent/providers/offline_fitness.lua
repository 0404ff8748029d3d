-- scripts/agent/providers/offline_fitness.lua -- what the offline provider knows about training.
-- Building blocks, not answers: one of `ack`, one or two of `advice` and one of `ask` make a message.
-- words: a word, a beginning ("run*") or a phrase; a phrase counts double, all of them times `weight`.  {name} is who is spoken to,
-- {thing} the activity named.  General guidance for healthy adults (WHO 2020 and ACSM guidelines), no
-- medical advice: what sounds like an injury is the topic that comes before all others.

local M = {}

-- Words by which a prompt shows that this is the agent's field.
M.field = { "fitness", "workout*", "gym", "trainer", "training", "exercise*", "athlet*", "coach*" }
M.needs = 2 -- of them

-- What people do, as they name it and as it is named back.
-- (`ask_known` of a topic holds the questions that make sense once such a thing was named.)
M.things = {
  { name = "running", words = { "run*", "jog*", "treadmill", "5k", "10k", "marathon*" } },
  { name = "cycling", words = { "cycl*", "bike*", "biking", "spin*", "peloton" } },
  { name = "swimming", words = { "swim*", "pool" } },
  { name = "rowing", words = { "row", "rowing", "rower" } },
  { name = "walking", words = { "walk*", "hik*" } },
  { name = "HIIT", words = { "hiit", "interval*", "tabata" } },
  { name = "yoga", words = { "yoga", "pilates" } },
  { name = "squats", words = { "squat*" } },
  { name = "bench press", words = { "bench*" } },
  { name = "deadlifts", words = { "deadlift*" } },
  { name = "pull-ups", words = { "pullup*", "pull-up*", "pull-ups", "chin-up*" } },
  { name = "push-ups", words = { "pushup*", "push-up*" } },
}

M.topics = {
  {
    name = "injury", first = true,
    words = { "pain", "pains", "painful", "hurt", "hurts", "hurting", "injur*", "sprain*", "torn", "tear", "swollen", "swelling", "dizzy", "numb", "numbness",
      "chest pain", "faint*", "tendon*", "physio*", "knee hurts", "my knee", "lower back", "herniat*",
      "fractur*", "broke my", "ache*", "aching" },
    ack = {
      "Sorry to hear that, {name}. Pain is a signal worth listening to.",
      "Ouch, {name}. Thanks for saying so instead of pushing through it.",
      "That sounds unpleasant, {name}, and I want you to stay safe first of all.",
    },
    advice = {
      "I can't judge an injury from here: please have a doctor or physiotherapist look at it, above all if it is sharp, swollen, or doesn't ease within a few days.",
      "Please stop whatever brings the pain on and let a doctor or physio check it before you load it again.",
      "That one is for a doctor or physio and not for a coach in a chat. Until then, leave out everything that provokes it.",
    },
    ask = {
      "Once you have the all-clear we can plan the way back together. Is there any movement that is completely pain-free right now?",
      "When did it start, and have you been able to see someone about it?",
      "Do you have someone you can see about it this week?",
    },
  },
  {
    name = "plateau", weight = 3,
    words = { "plateau*", "stuck", "stall*", "no progress", "not improving", "same weight", "stopped losing",
      "no results", "not seeing results", "can't get past", "hit a wall" },
    ack = {
      "Plateaus are maddening, {name}, and they happen to everyone who trains long enough.",
      "I get the frustration, {name}: doing the work and seeing the number stand still is hard.",
      "Being stuck doesn't mean you're doing it wrong, {name}. It mostly means that your body has adapted.",
    },
    advice = {
      "Change one variable for three to four weeks: one more set, two more reps, or a slower lowering phase. That is progressive overload in small steps.",
      "Take a lighter week at about 60 % of your usual volume. A deload often shows the strength that fatigue was hiding.",
      "Write down weights and reps for two weeks. Quite often the plan progresses less than we believe.",
      "Look at sleep and protein before you add more training; most plateaus begin outside the gym.",
    },
    ask = {
      "What does a typical week look like for you at the moment?",
      "How long has it been at the same level, and what have you changed so far?",
      "Which lift or number is the one that won't move?",
    },
  },
  {
    name = "time",
    words = { "busy", "no time", "not enough time", "time constraints", "schedule*", "work late", "kids",
      "deadline*", "too busy", "squeeze", "overtime", "find time", "finding time", "find the time" },
    ack = {
      "That's a real constraint, {name}, not an excuse.",
      "A packed calendar is the most common obstacle there is, {name}.",
      "I hear you, {name}. Some weeks there simply isn't an hour to give.",
    },
    advice = {
      "Three sessions of 20 minutes do more than one perfect hour that never happens. Put them in the calendar like meetings.",
      "Try two full-body circuits a week: squat, push, pull, carry, 20 minutes, done.",
      "Use exercise snacks: ten minutes before the shower or a brisk walk after lunch count, and they add up.",
      "Pick a minimum you can keep on your worst day, even ten squats and a walk. Keeping the habit matters more than the volume.",
    },
    ask = {
      "Where in your day are there 20 minutes that nobody else owns?",
      "Would mornings, lunch or evenings be the easiest to protect?",
      "How many days a week could you honestly keep?",
    },
  },
  {
    name = "cardio",
    words = { "cardio", "run", "running", "runs", "jog*", "treadmill", "cycl*", "bike", "biking", "endurance", "stamina",
      "hiit", "interval*", "5k", "10k", "marathon*", "heart rate", "zone 2", "out of breath", "swim*", "rowing" },
    ack = {
      "I hear you, {name}! Cardio can definitely feel like a grind sometimes.",
      "You're in good company, {name}. Plenty of strong people have to talk themselves into cardio.",
      "Totally fair, {name}. Cardio asks for patience before it gives anything back.",
    },
    advice = {
      "Switching it up can make a huge difference: cycling instead of running, or short HIIT intervals instead of steady-state.",
      "Keep most of it easy, at a pace where you can still talk. Easy miles build the engine, and you finish wanting more.",
      "Try intervals: one minute brisk, two minutes easy, eight rounds. Twenty-four minutes and it flies by.",
      "Pair it with something you like: a podcast that you only listen to while you move works surprisingly well.",
      "Aim for time instead of distance. Fifteen minutes counts, and next week it can be seventeen.",
    },
    ask = {
      "What type of cardio have you been doing so far?",
      "What sounds more interesting to you: shorter and harder, or longer and easier?",
      "Is it the boredom, the effort or the getting started that bothers you most?",
    },
    ask_known = {
      "How often do you get to it at the moment?",
      "What sounds more interesting to you: shorter and harder, or longer and easier?",
      "Is it the boredom, the effort or the getting started that bothers you most?",
    },
  },
  {
    name = "strength",
    words = { "strength*", "stronger", "lift*", "squat*", "bench*", "deadlift*", "muscle*", "weights", "barbell",
      "dumbbell*", "reps", "sets", "hypertrophy", "overload", "pull-up*", "pullup*", "push-up*", "pushup*",
      "press", "kettlebell*", "periodization", "1rm" },
    ack = {
      "Strength is one of the best things to invest in, {name}.",
      "Good focus, {name}. Getting stronger makes everything else easier.",
      "Nice, {name}. Strength work pays you back for decades.",
    },
    advice = {
      "Keep one or two reps in the tank on most sets, and add a little weight only when all the reps look the same.",
      "Two to three full-body sessions a week with a squat, a hinge, a push and a pull cover nearly everything.",
      "Use double progression: stay at one weight until you reach the top of your rep range in every set, then go up a step.",
      "Rest two to three minutes on the big lifts. Strength comes from good sets, not from being out of breath.",
      "Film one set from the side now and then. Clean technique is the cheapest progress there is.",
    },
    ask = {
      "Which lifts are you doing now, and at how many sets and reps?",
      "How many days a week do you want to lift?",
      "Do you train with a barbell, with machines, or at home?",
    },
  },
  {
    name = "recovery",
    words = { "sleep*", "slept", "tired", "exhaust*", "recover*", "rest", "rest day", "rest days", "sore", "soreness", "doms", "fatigue*", "burnout",
      "burned out", "burnt out", "overtrain*", "drained", "insomnia", "stress*" },
    ack = {
      "That's your body asking for its share, {name}.",
      "Being worn out is information, {name}, not weakness.",
      "I'm glad you bring that up, {name}. Recovery is where the training actually lands.",
    },
    advice = {
      "Aim for seven to nine hours of sleep with a fixed wake-up time. It is the strongest recovery tool we have.",
      "Swap the next hard session for active recovery: 30 easy minutes of walking, mobility or cycling.",
      "Keep at least one full rest day between hard sessions for the same muscles.",
      "For soreness, gentle movement beats lying still, and it normally peaks after two days and fades.",
      "Try a wind-down of half an hour without a screen for one week and see what it does to your mornings.",
    },
    ask = {
      "How many hours have you slept on average this week?",
      "How many hard sessions do you have between two rest days?",
      "Is it more in the muscles, or more in the head?",
    },
  },
  {
    name = "nutrition",
    words = { "eat*", "diet*", "food", "nutrition*", "protein", "calor*", "carb*", "sugar", "snack*", "meal*",
      "breakfast", "weight loss", "lose weight", "losing weight", "gain weight", "hungry", "cravings", "supplement*", "creatine", "hydrat*", "water" },
    ack = {
      "Food is half of the picture, {name}, and it needn't be complicated.",
      "Good question to look at, {name}. Small changes on the plate go a long way.",
      "You're not alone with that, {name}. Eating is where most plans meet real life.",
    },
    advice = {
      "Start with protein: a palm-sized portion at each meal covers most people who train.",
      "Build the plate first: half vegetables, a quarter protein, a quarter carbs. No counting needed.",
      "Change one meal, not the whole day. Breakfast is usually the easiest to fix and to repeat.",
      "Drink a glass of water with each meal, and keep fruit or yoghurt where the snacks used to be.",
      "For slow, steady weight loss a small deficit is enough; half a kilo a week is plenty and keeps your strength.",
    },
    ask = {
      "What does an ordinary day of eating look like for you?",
      "Which meal is the hardest to get right?",
      "What is the goal: losing some weight, building muscle, or just more energy?",
    },
  },
  {
    name = "motivation",
    words = { "motivat*", "lazy", "discipline*", "give up", "giving up", "quit", "skip*", "consisten*",
      "habit*", "procrastinat*", "can't be bothered", "bored", "boring", "get started", "getting started", "fell off",
      "unmotivated", "guilty", "hard to" },
    ack = {
      "I hear you, {name}. Motivation comes and goes for everyone.",
      "Thanks for being honest about it, {name}. Those days are completely normal.",
      "That's a tough spot, {name}, and saying it out loud is already a step.",
    },
    advice = {
      "Make the start tiny: put the shoes on and do five minutes. You may stop after that, and mostly you won't.",
      "Tie it to something you already do, like right after your morning coffee. A fixed cue beats willpower.",
      "Set a goal you control: three sessions this week, whatever the scale says.",
      "Tell one person which days you train. A bit of accountability carries you when motivation doesn't.",
      "Choose the version you dislike least. The best workout is the one you'll repeat next week.",
    },
    ask = {
      "When did it last feel good, and what was different then?",
      "What would be a version so small that you couldn't say no to it tomorrow?",
      "Which day this week could be the first one?",
    },
  },
  {
    name = "beginner",
    words = { "beginner*", "new to", "start training", "first time", "never trained", "where do i start", "how do i start",
      "where to start", "get in shape", "out of shape", "joined", "newbie", "workout plan", "plan", "program*", "routine" },
    ack = {
      "Great that you're starting, {name}. The first weeks bring the fastest progress of all.",
      "Welcome to it, {name}! Keeping it simple is the whole trick at the beginning.",
      "Love that you're taking this on, {name}.",
    },
    advice = {
      "Begin with two full-body sessions and two brisk walks a week. When that feels easy, we add.",
      "Learn five movements: squat, hinge, push, pull, carry. Everything else is a variation.",
      "Leave each session feeling that you could have done a bit more. That's how you come back.",
    },
    ask = {
      "What would you like to be able to do three months from now?",
      "How many days a week are realistic, and what equipment do you have?",
      "Have you done any sport before that you enjoyed?",
    },
  },
}

-- An answer that names none of the topics, to somebody who is spoken to as a coach would.
M.other = {
  ack = {
    "Thanks for sharing that, {name}.",
    "Good that you bring it up, {name}.",
    "I'm with you, {name}.",
  },
  advice = {
    "One small, concrete step this week is worth more than a perfect plan.",
    "Let's keep it practical and start from what already works for you.",
    "Whatever you pick, make it something that you can repeat next week.",
  },
  ask = {
    "Is this more about training, about recovery or about food?",
    "What would you like to get out of your training in the next weeks?",
    "Tell me a bit about your week: what are you doing at the moment?",
  },
}

-- After an answer to a question of ours.
M.continue = {
  "Got it, {name}, that helps.",
  "Okay, {name}, good to know.",
  "Thanks, {name}, that gives us something to work with.",
}

-- After something that went well.
M.progress = {
  ack = {
    "That's huge, {name}! Well earned.",
    "Yes, {name}! Be proud of that one.",
    "Look at you, {name}! That's what consistency does.",
  },
  advice = {
    "Write it down, so that you can look back on it on a bad day.",
    "Take the win and keep the next step small.",
    "Now let it settle for a week before you raise the bar.",
  },
  ask = {
    "What helped you most to get there?",
    "What's the next thing you have your eye on?",
    "How did it feel?",
  },
}

M.emoji = "💪"

return M
