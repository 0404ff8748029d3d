// A room to try an agent in: each event of the protocol, played as a platform would, with the code that does the same.
import { useState } from 'preact/hooks';
import { useAction, useRest } from '../core/live';
import { refine } from '../core/route';
import { socket, type Input } from '../core/socket';
import { texts } from '../core/text';
import { Button, Code, Failure, Field, label, Note, Panel, Select } from '../parts/parts';
import { say } from '../parts/toasts';
import { agents as area } from '../text/agents';
import { AgentLog } from './agent_log';
import type { Row } from './agents';

const words = texts(area);
const EVENTS = ['agent-joined', 'new-message', 'user-joined', 'user-typing', 'reaction', 'timer-expired'] as const;
const LANGUAGES = ['JavaScript', 'Python', 'curl'] as const;
type Kind = typeof EVENTS[number];
type Language = typeof LANGUAGES[number];

interface Given { text: string; person: string; emoji: string; messageId: string; chatCode: string }
interface Played { type: Kind; content: Record<string, unknown> }

const slug = (name: string) => `user-${name.trim().toLowerCase().replace(/[^a-z0-9]+/g, '-') || 'somebody'}`;

/** The event, as a platform sends it. id and at: of a message. */
function eventOf(kind: Kind, given: Given, id: string, at: string): Played {
  const participant = { id: slug(given.person), nickname: given.person.trim() || 'Somebody' };
  switch (kind) {
    case 'agent-joined': return { type: kind, content: { chatCode: given.chatCode, participants: [participant] } };
    case 'new-message': return { type: kind, content: { message: { id, content: given.text, participant, createdAt: at, type: 'message' } } };
    case 'user-joined': return { type: kind, content: { participant } };
    case 'user-typing': return { type: kind, content: { participantId: participant.id, nickname: participant.nickname } };
    case 'reaction': return { type: kind, content: { messageId: given.messageId, emoji: given.emoji, participant, action: 'add' } };
    case 'timer-expired': return { type: kind, content: { expiresAt: at } };
  }
}

const indented = (text: string, by: string) => text.split('\n').join(`\n${by}`);
/** In single quotes for a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function codeOf(language: Language, base: string, agentId: string, event: Played): string {
  const json = JSON.stringify(event, null, 2);
  if (language === 'JavaScript') {
    return `import io from 'socket.io-client';

const socket = io(${JSON.stringify(base)}, {
  query: { agentId: ${JSON.stringify(agentId)}, apiKey: process.env.API_KEY },
});
socket.on('connect', () => {
  socket.emit('message', ${indented(json, '  ')});
});
socket.on('message', (action) => {
  console.log(action.type, action);
  if (action.type === 'agent-stopped') socket.close();
});
`;
  }
  if (language === 'Python') {
    return `import json, os
import requests  # pip install requests

event = json.loads(r"""${JSON.stringify(event)}""")
answer = requests.post(
    ${JSON.stringify(`${base}/api/agents/${agentId}/messages`)},
    headers={"X-API-Key": os.environ["API_KEY"], "Accept": "text/event-stream"},
    json=event, stream=True,
)
answer.raise_for_status()
for line in answer.iter_lines(decode_unicode=True):
    if line.startswith("data:"):
        print(line[5:].strip())
`;
  }
  return `curl -N ${quoted(`${base}/api/agents/${agentId}/messages`)} \\
  -H "X-API-Key: $API_KEY" -H 'Accept: text/event-stream' \\
  -H 'Content-Type: application/json' \\
  -d ${quoted(JSON.stringify(event))}
`;
}

function Sample({ row, event, language }: { row: Row; event: Played; language: Language }) {
  const text = codeOf(language, location.origin, row.id, event);
  return (
    <Panel title={words('code')} action={(
      <>
        <Select bare label={words('language')} value={language} list={LANGUAGES.map((one) => [one, one] as const)} onChange={(value) => refine({ language: value })} />
        <Button icon="copy" kind="plain" label={words('copy')} onClick={() => void navigator.clipboard?.writeText(text).then(() => say(words('copied')))} />
      </>)}>
      <div class="stack"><Code value={text} /><p class="soft">{words('keyNote', { user: label(row.user, 60) })}</p></div>
    </Panel>
  );
}

export function AgentRoom({ row, mayPlay, run }: { row: Row; mayPlay: boolean; run: string | null }) {
  const state = useRest('agent', 'getAgentState', { id: row.id }, { actorId: row.userId });
  const query = new URLSearchParams(location.hash.split('?')[1] ?? '');
  const asked = query.get('event');
  const kind: Kind = EVENTS.find((one) => one === asked) ?? (state.data && !state.data.chatCode ? 'agent-joined' : 'new-message');
  const language = LANGUAGES.find((one) => one === query.get('language')) ?? 'JavaScript';
  const [given, setGiven] = useState<Given>({ text: words('messageDefault'), person: 'Sarah', emoji: '👍', messageId: '', chatCode: 'test-room' });
  const [count, setCount] = useState(1);
  const [opened] = useState(() => new Date().toISOString());
  const set = (change: Partial<Given>) => setGiven({ ...given, ...change });
  const event = eventOf(kind, given, `msg-${count}`, opened);
  const play = useAction(async () => {
    const id = `msg-${Date.now()}`;
    const now = eventOf(kind, given, id, new Date().toISOString());
    await socket.rest('agent', 'sendAgentMessage', { id: row.id, ...now } as unknown as Input<'agent', 'sendAgentMessage'>, { actorId: row.userId });
    if (kind === 'new-message') set({ messageId: id });
    setCount(count + 1);
    say(words('played'));
    state.reload();
    if (kind === 'agent-joined') refine({ event: 'new-message' });
  });
  return (
    <div class="stack">
      <div class="pair">
        <Panel title={words('tabRoom')}>
          <form class="stack" onSubmit={(e) => { e.preventDefault(); if (mayPlay) void play.run(); }}>
            <Select label={words('event')} value={kind} list={EVENTS.map((one) => [one, one] as const)} onChange={(value) => refine({ event: value })} />
            {kind === 'agent-joined' && <Field label={words('chatCode')} value={given.chatCode} maxLength={200} required onInput={(chatCode) => set({ chatCode })} help={words('joined')} />}
            {kind !== 'timer-expired' && <Field label={words('person')} value={given.person} maxLength={80} required onInput={(person) => set({ person })} />}
            {kind === 'new-message' && <Field label={words('text')} value={given.text} maxLength={16_000} lines={3} required onInput={(text) => set({ text })} />}
            {kind === 'reaction' && <Field label={words('messageId')} value={given.messageId} maxLength={200} required onInput={(messageId) => set({ messageId })} />}
            {kind === 'reaction' && <Field label={words('emoji')} value={given.emoji} maxLength={16} required onInput={(emoji) => set({ emoji })} />}
            <Failure error={play.error} />
            {mayPlay ? <div class="row"><Button type="submit" kind="main" icon="play" disabled={play.isBusy}>{words('play')}</Button></div> : <Note icon="user">{words('viewer')}</Note>}
          </form>
        </Panel>
        <Sample row={row} event={event} language={language} />
      </div>
      <AgentLog row={row} run={run} show={query.get('show') ?? 'all'} tab="room" />
    </div>
  );
}
