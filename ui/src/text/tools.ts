// Texts of the tools.
export const tools = {
  en: {
    tool: 'Tool', risk: 'Risk', source: 'From', state: 'State', on: 'on', off: 'off', all: 'All', ons: 'On', offs: 'Off', about: 'What it does', parameters: 'What it takes',
    low: 'low', medium: 'medium', high: 'high', operator: 'Operator', owner: 'Owner in a chat', guest: 'Guest', market: 'Marketplace', run: 'runs', ask: 'asks', deny: 'denied', why: 'Who may call it, and why',
    because: 'by {reason} at level {level}', rule: 'Decided by {rule}; what was allowed for good runs, whoever of the first two asks.',
    allow: 'Allow', forbid: 'Forbid', switchOn: 'Switch on', switchOff: 'Switch off', allowed: '{name} is allowed', forbidden: '{name} is off', unfit: 'Why it is off', hash: 'Hash of its definition',
    servers: 'Servers of tools', refresh: 'Ask again', ready: 'ready', failed: 'failed', unknown: 'not asked yet', asked: 'asked', listed: 'Answered', gone: 'There is no such tool', level: 'Level of autonomy: {n}', builtin: 'built in',
  },
  de: {
    tool: 'Werkzeug', risk: 'Risiko', source: 'Von', state: 'Zustand', on: 'an', off: 'aus', all: 'Alle', ons: 'An', offs: 'Aus', about: 'Was es tut', parameters: 'Was es nimmt',
    low: 'gering', medium: 'mittel', high: 'hoch', operator: 'Betreiber', owner: 'Besitzer im Chat', guest: 'Gast', market: 'Marktplatz', run: 'läuft', ask: 'fragt', deny: 'verboten', why: 'Wer es aufrufen darf, und warum',
    because: 'wegen {reason} auf Stufe {level}', rule: 'Das entscheidet {rule}; was für immer erlaubt wurde, läuft, wenn einer der ersten beiden fragt.',
    allow: 'Erlauben', forbid: 'Verbieten', switchOn: 'Anschalten', switchOff: 'Abschalten', allowed: '{name} ist erlaubt', forbidden: '{name} ist aus', unfit: 'Warum es aus ist', hash: 'Hash seiner Definition',
    servers: 'Server mit Werkzeugen', refresh: 'Noch einmal fragen', ready: 'bereit', failed: 'gescheitert', unknown: 'noch nicht gefragt', asked: 'gefragt', listed: 'Geantwortet', gone: 'Dieses Werkzeug gibt es nicht', level: 'Stufe der Autonomie: {n}', builtin: 'eingebaut',
  },
};
