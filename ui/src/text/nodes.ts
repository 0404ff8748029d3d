// Texts of the nodes.
export const nodes = {
  en: { host: 'Host', state: 'State', version: 'Version', up: 'Up for', sockets: 'Sockets', memory: 'Memory', workers: 'Workers', online: 'online', degraded: 'degraded', here: 'this one',
    all: 'Hosts', requests: 'Requests and calls', errors: 'Answers of 5xx', latency: 'Mean of an answer', since: 'since the start', alone: 'Other hosts on this database appear here by themselves.', differ: 'These hosts run different versions.' },
  de: { host: 'Rechner', state: 'Zustand', version: 'Version', up: 'Läuft seit', sockets: 'Sockets', memory: 'Speicher', workers: 'Arbeiter', online: 'online', degraded: 'eingeschränkt', here: 'dieser',
    all: 'Rechner', requests: 'Anfragen und Aufrufe', errors: 'Antworten mit 5xx', latency: 'Mittel einer Antwort', since: 'seit dem Start', alone: 'Weitere Rechner an dieser Datenbank erscheinen hier von selbst.', differ: 'Diese Rechner haben verschiedene Versionen.' },
};
