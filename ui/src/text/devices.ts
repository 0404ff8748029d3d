// Texts of devices and exposure.
export const devices = {
  en: {
    exposure: 'Who may come in', listens: 'Listens at', agentPort: 'Port of the agent API', tls: 'TLS', token: 'A token is asked for', pairing: 'Devices must be paired', origins: 'Pages of other origins', proxies: 'Trusted proxies', reach: 'Reached by', world: 'other machines, too', machine: 'this machine alone', yes: 'yes', no: 'no', fix: 'To mend it',
    ok: 'fine', warn: 'look at this', fail: 'open', control: 'This page and its protocol', management: 'Users and keys',
    devices: 'Devices', none: 'No device is paired', noneHelp: 'Pair one with a code: a telephone, another browser, a program.', paired: 'Paired', used: 'Last used', never: 'not yet',
    operator: 'may do everything', viewer: 'may look', node: 'carries out tools',
    revoke: 'Revoke', revokeTitle: 'Revoke {name}?', revokeText: 'It is signed out at once, with all its connections. To come back, it has to be paired anew.', revoked: '{name} was revoked',
    pair: 'Pair a device', pairTitle: 'Pair a device', code: 'Code', pairHelp: 'On the device, open this page and type the code, or open the link. It is good once, until {until}.', link: 'Link', anew: 'Another code', done: 'A device was paired', hidden: 'Whoever has the code may do what you may.',
  },
  de: {
    exposure: 'Wer herein darf', listens: 'Lauscht an', agentPort: 'Port der Agenten-API', tls: 'TLS', token: 'Ein Token wird verlangt', pairing: 'Geräte müssen gekoppelt sein', origins: 'Seiten anderer Herkunft', proxies: 'Vertraute Proxys', reach: 'Erreichbar für', world: 'auch andere Rechner', machine: 'nur diesen Rechner', yes: 'ja', no: 'nein', fix: 'So wird es besser',
    ok: 'gut', warn: 'bitte ansehen', fail: 'offen', control: 'Diese Seite und ihr Protokoll', management: 'Nutzer und Schlüssel',
    devices: 'Geräte', none: 'Kein Gerät ist gekoppelt', noneHelp: 'Kopple eines mit einem Code: ein Telefon, einen anderen Browser, ein Programm.', paired: 'Gekoppelt', used: 'Zuletzt benutzt', never: 'noch nicht',
    operator: 'darf alles', viewer: 'darf zusehen', node: 'führt Werkzeuge aus',
    revoke: 'Abmelden', revokeTitle: '{name} abmelden?', revokeText: 'Es wird sofort abgemeldet, mit all seinen Verbindungen. Um wiederzukommen, muss es neu gekoppelt werden.', revoked: '{name} wurde abgemeldet',
    pair: 'Gerät koppeln', pairTitle: 'Gerät koppeln', code: 'Code', pairHelp: 'Öffne auf dem Gerät diese Seite und gib den Code ein, oder öffne den Link. Er gilt einmal, bis {until}.', link: 'Link', anew: 'Anderer Code', done: 'Ein Gerät wurde gekoppelt', hidden: 'Wer den Code hat, darf, was du darfst.',
  },
};
