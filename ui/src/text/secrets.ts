// Texts of secrets.
export const secrets = {
  en: {
    name: 'Name', about: 'What it is', state: 'State', changed: 'Changed', usedBy: 'Used by', all: 'All', isSet: 'Set', isNotSet: 'Not set', set: 'set', notSet: 'not set', from: 'From', by: 'By',
    waits: 'counts after a restart', setIt: 'Set a value', change: 'Set another value', remove: 'Remove', value: 'Value', valueHelp: 'It is sent once, kept by the server, and shown to nobody.', save: 'Keep it',
    saved: '{name} is set', savedLater: '{name} is set; it counts after a restart', removed: '{name} was removed', removeTitle: 'Remove {name}?', removeText: 'What uses it stops working. The server cannot show you the value before it is gone.',
    elsewhere: 'The server has it from {source}, not from its settings file: to change it there is not possible from here.', channel: 'the channel {name}', provider: 'the models of {name}', setting: 'settings of {name}', gone: 'There is no such secret', never: 'Values are never shown here, and no script of the server reads them.',
  },
  de: {
    name: 'Name', about: 'Was es ist', state: 'Zustand', changed: 'Geändert', usedBy: 'Benutzt von', all: 'Alle', isSet: 'Gesetzt', isNotSet: 'Nicht gesetzt', set: 'gesetzt', notSet: 'nicht gesetzt', from: 'Woher', by: 'Von',
    waits: 'gilt nach einem Neustart', setIt: 'Wert setzen', change: 'Anderen Wert setzen', remove: 'Entfernen', value: 'Wert', valueHelp: 'Er wird einmal gesendet, vom Server verwahrt und niemandem gezeigt.', save: 'Verwahren',
    saved: '{name} ist gesetzt', savedLater: '{name} ist gesetzt; es gilt nach einem Neustart', removed: '{name} wurde entfernt', removeTitle: '{name} entfernen?', removeText: 'Was es benutzt, funktioniert nicht mehr. Der Server kann dir den Wert vorher nicht zeigen.',
    elsewhere: 'Der Server hat es aus {source}, nicht aus seiner Einstellungsdatei: dort lässt es sich von hier nicht ändern.', channel: 'dem Kanal {name}', provider: 'den Modellen von {name}', setting: 'Einstellungen von {name}', gone: 'Dieses Geheimnis gibt es nicht', never: 'Werte werden hier nie gezeigt, und kein Skript des Servers liest sie.',
  },
};
