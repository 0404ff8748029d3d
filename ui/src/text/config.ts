// Texts of the settings.
export const config = {
  en: {
    groups: 'Groups', all: 'All', changed: 'Not the default', edited: 'Edited', default: 'default {value}', range: 'from {min} to {max}', restart: 'counts after a restart', setting: 'Setting', list: 'One on each line.', json: 'JSON',
    review: 'Look at {n} changes', nothing: 'No changes', discard: 'Discard', reviewTitle: 'Save these settings?', save: 'Save', was: 'Before', now: 'After', saved: 'Saved', savedLater: 'Saved; {names} after a restart', unset: 'not set', back: 'Back to the default', yes: 'yes', no: 'no',
    secret: 'A secret: ', toSecrets: 'set it there', noFile: 'There is no settings file: what you save makes one.', notNumber: 'It must be a number', notJson: 'It must be JSON', undone: 'The settings are as before', inFile: 'Settings that need a restart:', show: 'Which settings',
  },
  de: {
    groups: 'Gruppen', all: 'Alle', changed: 'Nicht die Vorgabe', edited: 'Bearbeitet', default: 'Vorgabe {value}', range: 'von {min} bis {max}', restart: 'gilt nach einem Neustart', setting: 'Einstellung', list: 'Eines je Zeile.', json: 'JSON',
    review: '{n} Änderungen ansehen', nothing: 'Keine Änderungen', discard: 'Verwerfen', reviewTitle: 'Diese Einstellungen speichern?', save: 'Speichern', was: 'Vorher', now: 'Nachher', saved: 'Gespeichert', savedLater: 'Gespeichert; {names} nach einem Neustart', unset: 'nicht gesetzt', back: 'Zurück zur Vorgabe', yes: 'ja', no: 'nein',
    secret: 'Ein Geheimnis: ', toSecrets: 'dort setzen', noFile: 'Es gibt keine Einstellungsdatei: was du speicherst, legt eine an.', notNumber: 'Es muss eine Zahl sein', notJson: 'Es muss JSON sein', undone: 'Die Einstellungen sind wie vorher', inFile: 'Einstellungen, die einen Neustart brauchen:', show: 'Welche Einstellungen',
  },
};
