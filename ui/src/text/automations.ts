// Texts of the automations.
export const automations = {
  en: {
    name: 'Name', when: 'When', next: 'Next', last: 'Last run', what: 'What', state: 'State', all: 'All', on: 'on', paused: 'paused', runs: 'Runs', at: 'At', took: 'Took', cause: 'Why it ran',
    none: 'There are no jobs yet', noneHelp: 'A job is something that the agent does by the clock: a question every morning, a check every hour.',
    add: 'New job', addTitle: 'New job', make: 'Make the job', made: 'Job {id} is made', nameHelp: 'So that you find it again.',
    whenHelp: '0 8 * * MON-FRI · every 15m · in 10m · 2027-01-01T08:00', zone: 'Time zone', zoneHelp: 'As in Europe/Stockholm; for a clock of five fields.',
    agent: 'Ask the agent', shell: 'Run a command', prompt: 'What the agent is asked', command: 'Command', commandHelp: 'By /bin/sh -c, in the sandbox; the tool shell must be on.',
    nextTimes: 'Its next times', noTimes: 'It does not come again', run: 'Run now', pause: 'Pause', resume: 'Go on', remove: 'Remove', removed: '{name} was removed', removeTitle: 'Remove {name}?', removeText: 'Its history goes with it, and what it works at ends.',
    begun: 'It has begun', runsAlready: 'It runs already', pausedNow: '{name} is paused', resumedNow: '{name} goes on', noRuns: 'It has not run yet', whole: 'Show all of the output', noOutput: 'No output', session: 'Its conversation', delivery: 'Where it goes', nowhere: 'nowhere; here', made_by: 'Made by', once: 'once', errors: 'Failed in a row', off: 'No job begins by the clock (cron.enabled is false).', gone: 'There is no such job',
    queued: 'waits', running: 'runs', completed: 'done', failed: 'failed', skipped: 'skipped', interrupted: 'interrupted', aborted: 'ended', due: 'by the clock', missed: 'made up for', manual: 'by hand', retry: 'once more',
  },
  de: {
    name: 'Name', when: 'Wann', next: 'Als Nächstes', last: 'Zuletzt', what: 'Was', state: 'Zustand', all: 'Alle', on: 'an', paused: 'pausiert', runs: 'Läufe', at: 'Um', took: 'Dauer', cause: 'Warum',
    none: 'Es gibt noch keine Aufgaben', noneHelp: 'Eine Aufgabe tut der Agent nach der Uhr: eine Frage jeden Morgen, eine Prüfung jede Stunde.',
    add: 'Neue Aufgabe', addTitle: 'Neue Aufgabe', make: 'Aufgabe anlegen', made: 'Aufgabe {id} ist angelegt', nameHelp: 'Damit du sie wiederfindest.',
    whenHelp: '0 8 * * MON-FRI · every 15m · in 10m · 2027-01-01T08:00', zone: 'Zeitzone', zoneHelp: 'Wie Europe/Stockholm; für eine Uhr aus fünf Feldern.',
    agent: 'Den Agenten fragen', shell: 'Einen Befehl ausführen', prompt: 'Was der Agent gefragt wird', command: 'Befehl', commandHelp: 'Mit /bin/sh -c, in der Sandbox; das Werkzeug shell muss an sein.',
    nextTimes: 'Die nächsten Zeiten', noTimes: 'Sie kommt nicht wieder', run: 'Jetzt ausführen', pause: 'Pausieren', resume: 'Fortsetzen', remove: 'Entfernen', removed: '{name} wurde entfernt', removeTitle: '{name} entfernen?', removeText: 'Ihr Verlauf geht mit, und was sie gerade tut, endet.',
    begun: 'Sie hat begonnen', runsAlready: 'Sie läuft schon', pausedNow: '{name} ist pausiert', resumedNow: '{name} geht weiter', noRuns: 'Sie ist noch nicht gelaufen', whole: 'Die ganze Ausgabe zeigen', noOutput: 'Keine Ausgabe', session: 'Ihr Gespräch', delivery: 'Wohin es geht', nowhere: 'nirgendwohin; hier', made_by: 'Angelegt von', once: 'einmal', errors: 'Nacheinander gescheitert', off: 'Keine Aufgabe beginnt nach der Uhr (cron.enabled ist false).', gone: 'Diese Aufgabe gibt es nicht',
    queued: 'wartet', running: 'läuft', completed: 'fertig', failed: 'gescheitert', skipped: 'übersprungen', interrupted: 'unterbrochen', aborted: 'beendet', due: 'nach der Uhr', missed: 'nachgeholt', manual: 'von Hand', retry: 'noch einmal',
  },
};
