// Texts of the queue.
export const queue = {
  en: {
    dead: 'Given up', waiting: 'Waiting', running: 'Running',
    state: 'State', kind: 'Kind', allKinds: 'All kinds', about: 'About', due: 'Due', since: 'Given up', tries: 'Tries', why: 'Why', added: 'Added', key: 'Key', id: 'Id',
    payload: 'What it was given',
    noneDead: 'Nothing was given up', noneDeadHelp: 'Work that fails again and again is put here, and waits for you.',
    noneWaiting: 'Nothing waits', noneRunning: 'Nothing runs right now',
    retry: 'Try again', drop: 'Drop', retryAll: 'Try all of {kind} again', dropAll: 'Drop all of {kind}',
    retryTitle: 'Try all of {kind} again?', retryText: 'All {n} rows run at once, as if for the first time.',
    dropTitle: 'Drop {what}?', dropText: 'What it would have done will not be done. This cannot be taken back.',
    retried: '{n} to be tried again', dropped: '{n} dropped', late: '{time} late', gone: 'This row is not here any more', goneHelp: 'It has run, or somebody has dropped it.',
  },
  de: {
    dead: 'Aufgegeben', waiting: 'Wartet', running: 'Läuft',
    state: 'Zustand', kind: 'Art', allKinds: 'Alle Arten', about: 'Worum es geht', due: 'Fällig', since: 'Aufgegeben', tries: 'Versuche', why: 'Warum', added: 'Angelegt', key: 'Schlüssel', id: 'Id',
    payload: 'Was übergeben wurde',
    noneDead: 'Nichts wurde aufgegeben', noneDeadHelp: 'Arbeit, die immer wieder scheitert, kommt hierher und wartet auf dich.',
    noneWaiting: 'Nichts wartet', noneRunning: 'Gerade läuft nichts',
    retry: 'Noch einmal versuchen', drop: 'Verwerfen', retryAll: 'Alle von {kind} noch einmal', dropAll: 'Alle von {kind} verwerfen',
    retryTitle: 'Alle von {kind} noch einmal versuchen?', retryText: 'Alle {n} Zeilen laufen sofort, wie beim ersten Mal.',
    dropTitle: '{what} verwerfen?', dropText: 'Was damit geschehen wäre, geschieht nicht. Das lässt sich nicht zurücknehmen.',
    retried: '{n} werden noch einmal versucht', dropped: '{n} verworfen', late: '{time} zu spät', gone: 'Diese Zeile ist nicht mehr da', goneHelp: 'Sie ist gelaufen, oder jemand hat sie verworfen.',
  },
};
