// Texts of what explains a turn.
export const why = {
  en: {
    title: 'Why', close: 'Close', status: 'Ended', model: 'Model', tokens: 'Tokens', tokensMore: '{input} in, {output} out', cost: 'Cost', unpriced: 'no price is known',
    time: 'Took', time_: 'Where the time went', waited: 'waited', asked: 'model', tool: 'tool', decided: 'Decided', decisions: 'What was decided', decision: '{rule}',
    bundle: 'scripts {bundle}', facts: 'What the rule was asked', factsCut: 'What the rule was asked (its beginning)', output: 'What it said',
    prompts: 'The prompt as it was sent', prompt: 'Step {n}', system: 'System', messages: 'Messages', tools: 'Tools offered: {tools}',
    tooLong: 'The messages were too long to be kept ({size}).', noPrompt: 'Of this turn, no prompt was kept.', noPromptAgent: 'Prompts of the agent API are not kept.',
    called: 'Tools that were called', given: 'Given', result: 'Result', did: 'What it did', running: 'still at work', none: 'Nothing was recorded.', noDecisions: 'No decision about this turn is kept any more.',
    link: 'Why?', chat: 'Open the conversation', estimated: 'estimated', attempts: '{n} tries',
  },
  de: {
    title: 'Warum', close: 'Schließen', status: 'Ende', model: 'Modell', tokens: 'Tokens', tokensMore: '{input} hinein, {output} heraus', cost: 'Kosten', unpriced: 'kein Preis bekannt',
    time: 'Dauer', time_: 'Wo die Zeit blieb', waited: 'gewartet', asked: 'Modell', tool: 'Werkzeug', decided: 'Entschieden', decisions: 'Was entschieden wurde', decision: '{rule}',
    bundle: 'Skripte {bundle}', facts: 'Was die Regel gefragt wurde', factsCut: 'Was die Regel gefragt wurde (der Anfang)', output: 'Was sie sagte',
    prompts: 'Der Prompt, wie er gesendet wurde', prompt: 'Schritt {n}', system: 'System', messages: 'Nachrichten', tools: 'Angebotene Werkzeuge: {tools}',
    tooLong: 'Die Nachrichten waren zu lang, um sie aufzuheben ({size}).', noPrompt: 'Von dieser Antwort ist kein Prompt aufgehoben.', noPromptAgent: 'Prompts der Agenten-API werden nicht aufgehoben.',
    called: 'Aufgerufene Werkzeuge', given: 'Gegeben', result: 'Ergebnis', did: 'Was er tat', running: 'noch an der Arbeit', none: 'Nichts ist aufgezeichnet.', noDecisions: 'Zu dieser Antwort ist keine Entscheidung mehr aufgehoben.',
    link: 'Warum?', chat: 'Zum Gespräch', estimated: 'geschätzt', attempts: '{n} Versuche',
  },
};
