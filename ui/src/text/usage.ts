// Texts of what models have used.
export const usage = {
  en: {
    byAgent: 'By agent', byModel: 'By model', byChannel: 'By channel', byUser: 'By user', days: 'Time', last: 'Last {n} days', today: 'Today', metric: 'Shown', cost: 'Cost', tokens: 'Tokens', runs: 'Turns',
    calls: 'Calls', input: 'Tokens in', output: 'Tokens out', share: 'Share', agent: 'Agent', model: 'Model', channel: 'Channel', user: 'User', others: 'All others', export: 'Export CSV', chart: '{what} by day',
    none: 'No model was asked in this time', noneHelp: 'Say something in the chat, or choose a longer time.', unpriced: 'Of some models no price is known: their cost is not in the sums. Set prices under `llm` in the settings.',
    budgets: 'Budgets of the last 24 hours', budget: 'Budget', used: 'Used', left: 'Tokens', costUsed: 'Cost', house: 'All users together', ofUser: 'User {name}', ofAgent: 'Agent {name}', of: '{used} of {allowed}',
    table: 'Usage', date: 'Date', key: 'Id', name: 'Name', noCap: 'no cap', agentApi: 'Agent API', chat: 'Chat and sessions', deleted: 'Of agents that were deleted, only models still count.', utc: 'Days are those of UTC.',
  },
  de: {
    byAgent: 'Nach Agent', byModel: 'Nach Modell', byChannel: 'Nach Kanal', byUser: 'Nach Benutzer', days: 'Zeit', last: 'Letzte {n} Tage', today: 'Heute', metric: 'Gezeigt', cost: 'Kosten', tokens: 'Tokens', runs: 'Antworten',
    calls: 'Aufrufe', input: 'Tokens hinein', output: 'Tokens heraus', share: 'Anteil', agent: 'Agent', model: 'Modell', channel: 'Kanal', user: 'Benutzer', others: 'Alle anderen', export: 'Als CSV', chart: '{what} nach Tagen',
    none: 'In dieser Zeit wurde kein Modell gefragt', noneHelp: 'Sag etwas im Chat, oder wähle eine längere Zeit.', unpriced: 'Von manchen Modellen ist kein Preis bekannt: Ihre Kosten fehlen in den Summen. Preise stehen in den Einstellungen unter `llm`.',
    budgets: 'Budgets der letzten 24 Stunden', budget: 'Budget', used: 'Verbraucht', left: 'Tokens', costUsed: 'Kosten', house: 'Alle Benutzer zusammen', ofUser: 'Benutzer {name}', ofAgent: 'Agent {name}', of: '{used} von {allowed}',
    table: 'Verbrauch', date: 'Datum', key: 'Id', name: 'Name', noCap: 'keine Grenze', agentApi: 'Agenten-API', chat: 'Chat und Sitzungen', deleted: 'Von gelöschten Agenten zählen nur noch die Modelle.', utc: 'Die Tage sind die von UTC.',
  },
};
