// Texts of the agents.
export const agents = {
  en: {
    title: 'Agents', search: 'Name, user or id', none: 'No agent here yet', noneHelp: 'Create one below, or over the agent API: POST /api/agents.', notFound: 'No agent is called that',
    new: 'New agent', newName: 'Its name', create: 'Create', made: '{name} was created', name: 'Agent', user: 'User', doing: 'Doing', model: 'Model', lastEvent: 'Last event', runs: 'Turns', tokens: 'Tokens',
    cost: 'Cost', ofServer: 'the server\'s', idle: 'idle', waiting: 'waits', thinking: 'thinks', paused: 'paused', back: 'All agents', gone: 'There is no such agent. It may have been deleted.',
    tabSettings: 'Policy', tabLog: 'Log', tabRoom: 'Test room', who: 'Who it is', agentName: 'Name', description: 'What it is for', status: 'Status', active: 'active', personality: 'Personality', prompt: 'System prompt',
    nobody: 'None', shared: '{name} (shared)', style: 'How it talks', template: 'What it is told', sharedNote: 'Shared by all users, and read-only.', policy: 'Policy', save: 'Save', saved: '{name} was changed', delete: 'Delete', deleteTitle: 'Delete {name}?',
    deleteText: 'Its log goes with it, and its sockets are closed. This cannot be taken back.', deleted: '{name} was deleted', viewer: 'You may look. To change something, sign in as an operator.',
    budget: 'Budget of 24 hours', budgetOf: '{used} of {allowed} tokens', counts: '{in} events in, {out} actions out', changed: 'What you have changed is not saved yet.',
    logEmpty: 'Nothing has happened here', logEmptyHelp: 'Play an event in the test room, or connect a platform.', in: 'in', out: 'out', rule: 'rule', all: 'All', events: 'Events', decisions: 'Decisions', kind: 'What to show',
    older: 'Show older ones', why: 'Why?', whyTitle: 'Why this turn', hide: 'Close',
    event: 'Event', text: 'Text', person: 'Who', emoji: 'Emoji', messageId: 'Message', chatCode: 'Chat', play: 'Play', played: 'The agent has it', code: 'The same as code', language: 'Language', copy: 'Copy', copied: 'Copied',
    keyNote: 'It needs an API key of {user}; the page itself plays the event without one.', room: 'What happens', joined: 'begin with this: who is in the chat', messageDefault: 'I struggle to stay motivated for cardio',
  },
  de: {
    title: 'Agenten', search: 'Name, Benutzer oder Id', none: 'Hier ist noch kein Agent', noneHelp: 'Leg unten einen an, oder über die Agenten-API: POST /api/agents.', notFound: 'So heißt kein Agent',
    new: 'Neuer Agent', newName: 'Sein Name', create: 'Anlegen', made: '{name} ist angelegt', name: 'Agent', user: 'Benutzer', doing: 'Tut', model: 'Modell', lastEvent: 'Letztes Ereignis', runs: 'Antworten', tokens: 'Tokens',
    cost: 'Kosten', ofServer: 'das des Servers', idle: 'ruht', waiting: 'wartet', thinking: 'denkt', paused: 'pausiert', back: 'Alle Agenten', gone: 'Diesen Agenten gibt es nicht. Vielleicht wurde er gelöscht.',
    tabSettings: 'Richtlinie', tabLog: 'Protokoll', tabRoom: 'Probenraum', who: 'Wer er ist', agentName: 'Name', description: 'Wofür er da ist', status: 'Status', active: 'aktiv', personality: 'Persönlichkeit', prompt: 'System-Prompt',
    nobody: 'Keine', shared: '{name} (für alle)', style: 'Wie er spricht', template: 'Was ihm gesagt ist', sharedNote: 'Für alle Benutzer, nur lesbar.', policy: 'Richtlinie', save: 'Speichern', saved: '{name} ist geändert', delete: 'Löschen', deleteTitle: '{name} löschen?',
    deleteText: 'Sein Protokoll geht mit ihm, und seine Verbindungen werden getrennt. Das lässt sich nicht rückgängig machen.', deleted: '{name} ist gelöscht', viewer: 'Du darfst hier nur lesen. Um etwas zu ändern, melde dich als Operator an.',
    budget: 'Budget für 24 Stunden', budgetOf: '{used} von {allowed} Tokens', counts: '{in} Ereignisse hinein, {out} Aktionen heraus', changed: 'Was du geändert hast, ist noch nicht gespeichert.',
    logEmpty: 'Hier ist noch nichts geschehen', logEmptyHelp: 'Spiel ein Ereignis im Probenraum, oder verbinde eine Plattform.', in: 'herein', out: 'heraus', rule: 'Regel', all: 'Alles', events: 'Ereignisse', decisions: 'Entscheidungen', kind: 'Was zu sehen ist',
    older: 'Ältere zeigen', why: 'Warum?', whyTitle: 'Warum diese Antwort', hide: 'Schließen',
    event: 'Ereignis', text: 'Text', person: 'Wer', emoji: 'Emoji', messageId: 'Nachricht', chatCode: 'Chat', play: 'Spielen', played: 'Der Agent hat es', code: 'Dasselbe als Code', language: 'Sprache', copy: 'Kopieren', copied: 'Kopiert',
    keyNote: 'Dafür braucht es einen API-Schlüssel von {user}; die Seite selbst spielt das Ereignis ohne.', room: 'Was geschieht', joined: 'damit fängt es an: wer im Chat ist', messageDefault: 'Ich kann mich kaum zum Ausdauertraining aufraffen',
  },
};
