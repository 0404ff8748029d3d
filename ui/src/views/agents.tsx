// The agents of the agent API: a list of any length, and a page for each.
import './agents.css';
import { useRef, useState } from 'preact/hooks';
import { useKeys } from '../core/keys';
import { useAction, useLive, useRest } from '../core/live';
import { go, href, refine } from '../core/route';
import { socket, type Result } from '../core/socket';
import { money, number, texts } from '../core/text';
import { Button, Empty, Failure, label, Mark, Time, type Tone } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { say } from '../parts/toasts';
import { agents as area } from '../text/agents';
import { Agent } from './agent';
import type { ViewProps } from './views';

export type Row = Result<'agents.search'>['agents'][number];

const words = texts(area);
const PAGE = 100;
const TONES: Record<Row['doing'], Tone> = { idle: 'plain', waiting: 'warn', thinking: 'good' };

export const Doing = ({ row }: { row: Row }) => (row.status === 'paused'
  ? <Mark tone="warn" icon="pause">{words('paused')}</Mark> : <Mark tone={TONES[row.doing]}>{words(row.doing)}</Mark>);

const columns = (): Column<Row>[] => [
  { name: 'name', label: words('name'), width: 'minmax(9rem, 2fr)', cell: (row) => label(row.name) },
  { name: 'doing', label: words('doing'), width: '6rem', cell: (row) => <Doing row={row} /> },
  { name: 'user', label: words('user'), width: 'minmax(7rem, 1fr)', cell: (row) => label(row.user) },
  { name: 'model', label: words('model'), width: 'minmax(7rem, 1fr)', cell: (row) => (row.model ? label(row.model) : <span class="faint">{words('ofServer')}</span>) },
  { name: 'last', label: words('lastEvent'), width: '7rem', cell: (row) => <Time at={row.lastEventAt} /> },
  { name: 'runs', label: words('runs'), width: '5rem', isNumber: true, cell: (row) => number(row.runs) },
  { name: 'tokens', label: words('tokens'), width: '6rem', isNumber: true, cell: (row) => number(row.tokens) },
  { name: 'cost', label: words('cost'), width: '6rem', isNumber: true, cell: (row) => money(row.costMicros / 10_000) },
];

/** The first page is kept true; what follows is read as the reader comes near it. */
function useRows(search: string) {
  const params = { limit: PAGE, ...(search && { search }) };
  const first = useLive('agents.search', params, { everyMs: 10_000 });
  const [rest, setRest] = useState<{ search: string; rows: Row[]; next: string | undefined } | null>(null);
  const busy = useRef(false);
  const mine = rest?.search === search ? rest : null;
  const next = mine ? mine.next : first.data?.nextCursor;
  const more = () => {
    if (busy.current || next === undefined) return;
    busy.current = true;
    socket.call('agents.search', { ...params, after: next }).then((page) => setRest({ search, rows: [...(mine?.rows ?? []), ...page.agents], next: page.nextCursor }),
      () => undefined).finally(() => { busy.current = false; });
  };
  const seen = new Set(first.data?.agents.map((row) => row.id));
  return { ...first, rows: [...(first.data?.agents ?? []), ...(mine?.rows ?? []).filter((row) => !seen.has(row.id))], more: next === undefined ? undefined : more };
}

function NewAgent() {
  const types = useRest('agent', 'listAgentTypes', {});
  const [name, setName] = useState('');
  const make = useAction(async () => {
    const [type] = types.data ?? [];
    if (!type) return;
    const made = await socket.rest('agent', 'createAgent', { name: name.trim(), agentTypeId: type.id }, { key: crypto.randomUUID?.() ?? `${Date.now()}-${name.length}` });
    say(words('made', { name: made.name }));
    go(href('agents', made.id));
  });
  return (
    <form class="row" onSubmit={(event) => { event.preventDefault(); if (name.trim()) void make.run(); }}>
      <input class="input search" aria-label={words('newName')} placeholder={words('new')} maxLength={200} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <Button type="submit" kind="main" icon="plus" disabled={make.isBusy || !name.trim()}>{words('create')}</Button>
      <Failure error={make.error ?? types.error} />
    </form>
  );
}

function List({ route, role }: ViewProps) {
  const search = route.query['q'] ?? '';
  const box = useRef<HTMLInputElement>(null);
  const { rows, data, error, reload, more } = useRows(search);
  useKeys('/', 'keys.search', () => box.current?.focus());
  return (
    <div class="agents">
      <div class="row wrap">
        <input ref={box} class="input search" type="search" aria-label={words('search')} placeholder={`${words('search')}  /`} maxLength={100} value={search}
          onInput={(event) => refine({ q: event.currentTarget.value.trim() || undefined })} />
        <span class="grow" />
        {role === 'operator' && <NewAgent />}
      </div>
      <Failure error={error} retry={reload} />
      <section class="panel" aria-label={words('title')}>
        {data && <Table label={words('title')} rows={rows} columns={columns()} keyOf={(row) => row.id} href={(row) => href('agents', row.id)} more={more}
          empty={search ? <Empty icon="search" title={words('notFound')} /> : <Empty icon="bot" title={words('none')}><p>{words('noneHelp')}</p></Empty>} />}
      </section>
    </div>
  );
}

export default function Agents(props: ViewProps) {
  return props.route.what === null ? <List {...props} /> : <Agent key={props.route.what} id={props.route.what} {...props} />;
}
