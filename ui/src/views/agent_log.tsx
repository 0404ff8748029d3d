// What happens to an agent, as it happens: events, actions, and what rules decided, the newest first; and why a turn came out so.
import { useEffect, useState } from 'preact/hooks';
import { useAction, useLink, useLive, useRest } from '../core/live';
import { href, refine } from '../core/route';
import { socket, type Reply, type Result } from '../core/socket';
import { texts } from '../core/text';
import { ActionButton, Button, Code, Empty, Failure, label, Mark, Panel, Select, Time } from '../parts/parts';
import { tone, Why } from '../parts/why';
import { agents as area } from '../text/agents';
import type { Row } from './agents';

type Happened = Reply<'agent', 'listAgentEvents'>[number];
type Decision = Result<'agents.decisions'>['decisions'][number];
type Line = { id: string; at: number } & ({ kind: 'event'; event: Happened } | { kind: 'rule'; decision: Decision });

const words = texts(area);
const LIVE = { on: ['agents.happened'] as const, everyMs: 5000 };
const PAGE = 100;

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** What an event or an action says, on one line. */
function gist(event: Happened): string {
  const content = event.content as { message?: { content?: string; participant?: { nickname?: string } }; content?: string; emoji?: string; isTyping?: boolean; reason?: string; nickname?: string; participant?: { nickname?: string }; chatCode?: string; expiresAt?: string };
  const who = content.message?.participant?.nickname ?? content.participant?.nickname ?? content.nickname;
  const what = content.message?.content ?? content.content ?? content.emoji ?? content.reason ?? content.chatCode ?? content.expiresAt ?? (content.isTyping === undefined ? '' : String(content.isTyping));
  return label(who && what ? `${who}: ${what}` : who ?? what, 160);
}

function useHappened(row: Row) {
  const link = useLink();
  useEffect(() => { if (link === 'open') void socket.call('agents.watch', { agentId: row.id }).catch(() => undefined); }, [row.id, link]);
  const events = useRest('agent', 'listAgentEvents', { id: row.id, limit: PAGE }, { ...LIVE, actorId: row.userId });
  const decisions = useLive('agents.decisions', { agentId: row.id, limit: PAGE }, LIVE);
  return { events, decisions };
}

function Entry({ line, run, userOf }: { line: Line; run: string | null; userOf: (run: string) => string }) {
  if (line.kind === 'rule') {
    const { decision } = line;
    return (
      <li>
        <details>
          <summary><span class="way">{words('rule')}</span><code class="cut grow">{label(decision.rule)}</code><Mark tone={tone(decision.verdict)}>{label(decision.verdict, 40)}</Mark><span class="faint"><Time at={line.at} /></span></summary>
          <div class="stack"><p class="soft mono">{decision.bundle}{decision.ref ? ` · ${label(decision.ref)}` : ''}</p><Code value={pretty(decision.output)} /><Code value={pretty(decision.inputs)} /></div>
        </details>
      </li>
    );
  }
  const { event } = line;
  return (
    <li class={event.runId !== null && event.runId === run ? 'chosen' : undefined}>
      <details>
        <summary>
          <span class="way">{words(event.direction)}</span><Mark tone={event.direction === 'out' ? 'good' : 'plain'}>{event.type}</Mark><span class="cut grow">{gist(event)}</span><span class="faint"><Time at={line.at} /></span>
        </summary>
        <div class="stack"><Code value={event.content} />{event.runId !== null && <p><a href={userOf(event.runId)}>{words('why')}</a></p>}</div>
      </details>
    </li>
  );
}

export function AgentLog({ row, run, show, tab = 'log' }: { row: Row; run: string | null; show: string; tab?: string }) {
  const { events, decisions } = useHappened(row);
  const [older, setOlder] = useState<Happened[]>([]);
  const known = new Set(events.data?.map((one) => one.id));
  const all = [...(events.data ?? []), ...older.filter((one) => !known.has(one.id))];
  const last = all.at(-1);
  const oldest = last ? Date.parse(last.createdAt) : 0;
  const readOlder = useAction(async () => {
    if (last) setOlder([...older, ...await socket.rest('agent', 'listAgentEvents', { id: row.id, limit: PAGE, before: last.id }, { actorId: row.userId })]);
  });
  const lines: Line[] = [
    ...(show === 'decisions' ? [] : all.map((event): Line => ({ kind: 'event', id: event.id, at: Date.parse(event.createdAt), event }))),
    ...(show === 'events' ? [] : decisions.data?.decisions ?? []).map((decision, i): Line => ({ kind: 'rule', id: `rule ${decision.at} ${decision.rule} ${i}`, at: Date.parse(decision.at), decision }))
      .filter((line) => show === 'decisions' || line.at >= oldest),
  ].sort((a, b) => b.at - a.at);
  return (
    <div class={run ? 'sides two' : 'sides'}>
      <section class="panel" aria-label={words('tabLog')}>
        <header>
          <h2>{words(tab === 'room' ? 'room' : 'tabLog')}</h2>
          <Select bare label={words('kind')} value={show} list={[['all', words('all')], ['events', words('events')], ['decisions', words('decisions')]]}
            onChange={(value) => refine({ show: value === 'all' ? undefined : value })} />
        </header>
        <Failure error={events.error ?? decisions.error ?? readOlder.error} retry={events.reload} />
        {events.data && lines.length === 0 && <Empty icon="inbox" title={words('logEmpty')}>{tab !== 'room' && <p>{words('logEmptyHelp')}</p>}</Empty>}
        <div class="scroll" role="log" aria-label={words('tabLog')} tabIndex={0}><ol class="log">
          {lines.map((line) => <Entry key={line.id} line={line} run={run} userOf={(id) => href('agents', row.id, { tab, run: id, show: show === 'all' ? undefined : show })} />)}
          {show !== 'decisions' && (events.data?.length ?? 0) >= PAGE && <li class="empty"><ActionButton action={readOlder}>{words('older')}</ActionButton></li>}
        </ol></div>
      </section>
      {run && <Panel title={words('whyTitle')} action={<Button kind="plain" icon="x" label={words('hide')} onClick={() => refine({ run: undefined })} />}><Why key={run} runId={run} /></Panel>}
    </div>
  );
}
