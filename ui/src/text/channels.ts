// Texts of the channels.
export const channels = {
  en: {
    channel: 'Channel', account: 'Account', state: 'State', lastIn: 'Last message in', lastOut: 'Last message out', bot: 'Known there as', mode: 'How messages come', problem: 'Problem', missing: 'Missing setting',
    active: 'works', error: 'does not work', unconfigured: 'not set up', disabled: 'off',
    set: 'Set {name}', asks: 'asks to talk', approve: 'Let in', refuse: 'Refuse', letIn: '{name} may talk now', refused: '{name} was refused',
    probe: 'Ask the vendor', probed: 'The vendor answers: {bot}', probeFailed: 'The vendor does not answer as it should', now: 'Now',
    webhook: 'Webhook', webhookAddress: 'Address that the vendor calls', webhookHelp: 'An https address of this server, as the world reaches it.', webhookSet: 'Tell the vendor', webhookNone: 'Have it call nobody', webhookDone: 'The vendor calls that address now', webhookGone: 'The vendor calls nobody now', webhookNow: 'Its path here',
    test: 'Test message', chat: 'Chat', chatHelp: 'The id of the chat, as the vendor has it.', text: 'Text', send: 'Send', sent: 'The vendor has taken it', failed: 'The vendor has refused it', waiting: 'Not sent yet: it is tried again', testText: 'A test of human. You can ignore this.',
    people: 'People', noPeople: 'Nobody has asked to talk yet', noPeopleHelp: 'Whoever writes to the bot is sent a code, and appears here.', person: 'Person', since: 'Asked', code: 'Code', allowed: 'may talk', blocked: 'refused', asked: 'asks', forget: 'Forget', block: 'Refuse', forgot: '{name} is a stranger again',
    requests: 'Requests to the webhook', noRequests: 'Nothing has come yet', noRequestsHelp: 'When the vendor calls {path}, you see here what it sent, how it was verified, and what we answered.',
    steps: 'Verification', configured: 'The account is on and complete', challenge: 'The challenge', 'x-signature': 'X-Signature', vendor: 'The vendor\'s signature', unsigned: 'Unsigned, from this machine', understood: 'The body is understood',
    headers: 'Headers', query: 'Query', body: 'Body', reply: 'Our reply', noBody: 'No JSON: {size} are not shown', messages: 'Messages in it: {n}', from: 'From', took: 'Took',
    tabState: 'State', tabPeople: 'People', tabRequests: 'Requests', sections: 'Parts of the channel', back: 'All channels', help: 'What to click at the vendor is in docs/channels.md.', unknown: 'There is no such channel',
  },
  de: {
    channel: 'Kanal', account: 'Konto', state: 'Zustand', lastIn: 'Zuletzt empfangen', lastOut: 'Zuletzt gesendet', bot: 'Heißt dort', mode: 'Wie Nachrichten kommen', problem: 'Problem', missing: 'Fehlende Einstellung',
    active: 'funktioniert', error: 'funktioniert nicht', unconfigured: 'nicht eingerichtet', disabled: 'aus',
    set: '{name} setzen', asks: 'möchte sprechen', approve: 'Zulassen', refuse: 'Ablehnen', letIn: '{name} darf jetzt sprechen', refused: '{name} wurde abgelehnt',
    probe: 'Anbieter fragen', probed: 'Der Anbieter antwortet: {bot}', probeFailed: 'Der Anbieter antwortet nicht, wie er soll', now: 'Jetzt',
    webhook: 'Webhook', webhookAddress: 'Adresse, die der Anbieter aufruft', webhookHelp: 'Eine https-Adresse dieses Servers, wie die Welt ihn erreicht.', webhookSet: 'Dem Anbieter sagen', webhookNone: 'Niemanden aufrufen lassen', webhookDone: 'Der Anbieter ruft jetzt diese Adresse auf', webhookGone: 'Der Anbieter ruft jetzt niemanden auf', webhookNow: 'Sein Pfad hier',
    test: 'Testnachricht', chat: 'Chat', chatHelp: 'Die Id des Chats beim Anbieter.', text: 'Text', send: 'Senden', sent: 'Der Anbieter hat sie angenommen', failed: 'Der Anbieter hat sie abgelehnt', waiting: 'Noch nicht gesendet: es wird weiter versucht', testText: 'Ein Test von human. Bitte ignorieren.',
    people: 'Personen', noPeople: 'Noch hat niemand angefragt', noPeopleHelp: 'Wer dem Bot schreibt, bekommt einen Code und erscheint hier.', person: 'Person', since: 'Angefragt', code: 'Code', allowed: 'darf sprechen', blocked: 'abgelehnt', asked: 'fragt', forget: 'Vergessen', block: 'Ablehnen', forgot: '{name} ist wieder fremd',
    requests: 'Anfragen an den Webhook', noRequests: 'Noch kam nichts', noRequestsHelp: 'Ruft der Anbieter {path} auf, steht hier, was er gesendet hat, wie es geprüft wurde und was wir geantwortet haben.',
    steps: 'Prüfung', configured: 'Das Konto ist an und vollständig', challenge: 'Die Challenge', 'x-signature': 'X-Signature', vendor: 'Signatur des Anbieters', unsigned: 'Ohne Signatur, von diesem Rechner', understood: 'Der Inhalt ist verständlich',
    headers: 'Header', query: 'Query', body: 'Inhalt', reply: 'Unsere Antwort', noBody: 'Kein JSON: {size} werden nicht gezeigt', messages: 'Nachrichten darin: {n}', from: 'Von', took: 'Dauer',
    tabState: 'Zustand', tabPeople: 'Personen', tabRequests: 'Anfragen', sections: 'Teile des Kanals', back: 'Alle Kanäle', help: 'Was beim Anbieter zu klicken ist, steht in docs/channels.md.', unknown: 'Diesen Kanal gibt es nicht',
  },
};
