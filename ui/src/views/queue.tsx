// Work for later: what was given up and why, what waits, what runs; by kind, page by page.
import { useEffect, useState } from 'preact/hooks';
import { useAction, useLive } from '../core/live';
import { go, href, refine } from '../core/route';
import { socket, type Result } from '../core/socket';
import { duration, number, t, texts } from '../core/text';
import { ActionButton, Button, Code, Confirm, Empty, Failure, label, Mark, Time, visible } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { say } from '../parts/toasts';
import { queue } from '../text/queue';
import { Beside, Choices, Copy, Facts, Select, Work } from './server';
import type { ViewProps } from './views';

const words = texts(queue);
const STATES = ['dead', 'waiting', 'running'] as const;
type State = typeof STATES[number];
type Row = Result<'queue.list'>['rows'][number];
const EVERY_MS = 3000, PAGE = 200;

/** Rows of one state and kind: the first page is kept true, the others follow when the reader comes near. */
function useRows(state: State, kind: string | undefined) {
  const params = { state, limit: PAGE, ...(kind && { kind }) };
  const first = useLive('queue.list', params, { on: ['queue.changed'], everyMs: EVERY_MS });
  const about = `${state} ${kind ?? ''}`;
  const [more, setMore] = useState<{ about: string; rows: Row[]; after: string | undefined; isBusy: boolean }>({ about, rows: [], after: undefined, isBusy: false });
  const mine = more.about === about ? more : { about, rows: [], after: undefined, isBusy: false };
  const after = mine.rows.length > 0 ? mine.after : first.data?.after;
  useEffect(() => setMore({ about, rows: [], after: undefined, isBusy: false }), [about]);
  const next = after === undefined || mine.isBusy ? undefined : () => {
    setMore({ ...mine, isBusy: true });
    socket.call('queue.list', { ...params, after }).then((page) => setMore((now) => (now.about === about
      ? { about, rows: [...now.rows, ...page.rows], after: page.after, isBusy: false } : now)), () => setMore((now) => ({ ...now, isBusy: false })));
  };
  const head = first.data?.rows ?? [], known = new Set(head.map((row) => `${row.kind} ${row.id}`));
  return { ...first, rows: [...head, ...mine.rows.filter((row) => !known.has(`${row.kind} ${row.id}`))], next };
}

const columnsOf = (state: State): ReadonlyArray<Column<Row>> => [
  { name: 'kind', label: words('kind'), width: 'minmax(10rem, 1fr)', cell: (row) => label(row.kind) },
  { name: 'about', label: words('about'), width: 'minmax(7rem, 1fr)', cell: (row) => label(row.key ?? row.id) },
  { name: 'at', label: state === 'dead' ? words('since') : words('due'), width: '7rem', cell: (row) => <Time at={state === 'dead' ? row.dead_at : row.due_at} /> },
  { name: 'tries', label: words('tries'), width: '4.5rem', isNumber: true, cell: (row) => number(row.attempts) },
  { name: 'why', label: words('why'), width: 'minmax(10rem, 2fr)', cell: (row) => <span class="soft">{label(row.last_error ?? '', 200)}</span> },
];

function Whole({ kind, dead }: { kind: string; dead: number }) {
  const [asked, ask] = useState<'retry' | 'drop' | null>(null);
  const act = useAction(async () => {
    if (!asked) return;
    const { rows } = await socket.call(`queue.${asked}`, { kind });
    say(words(asked === 'retry' ? 'retried' : 'dropped', { n: number(rows) }));
    ask(null);
  });
  return (
    <>
      <Button icon="rotate-ccw" onClick={() => ask('retry')}>{words('retryAll', { kind: label(kind, 30) })}</Button>
      <Button kind="risky" icon="trash-2" onClick={() => ask('drop')}>{words('dropAll', { kind: label(kind, 30) })}</Button>
      {asked === 'retry' && <Confirm title={words('retryTitle', { kind })} text={words('retryText', { n: number(dead) })} label={words('retry')} action={act} onClose={() => ask(null)} />}
      {asked === 'drop' && <Confirm title={words('dropTitle', { what: `${number(dead)} × ${kind}` })} text={words('dropText')} label={words('drop')} action={act} onClose={() => ask(null)} />}
    </>
  );
}

function One({ kind, id, close }: { kind: string; id: string; close: string }) {
  const { data, error, reload } = useLive('queue.show', { kind, id }, { on: ['queue.changed'] });
  const [isAsked, ask] = useState(false);
  const retry = useAction(async () => { say(words('retried', { n: (await socket.call('queue.retry', { kind, id })).rows })); go(close); });
  const drop = useAction(async () => { say(words('dropped', { n: (await socket.call('queue.drop', { kind, id })).rows })); ask(false); go(close); });
  const row = data?.row;
  if (error?.code === 'NOT_FOUND') return <Beside title={words('gone')} close={close}><p class="soft">{words('goneHelp')}</p></Beside>;
  return (
    <Beside title={label(kind)} close={close} action={row && <Mark tone={row.state === 'dead' ? 'bad' : 'plain'}>{words(row.state)}</Mark>}>
      <Failure error={error ?? retry.error} retry={reload} />
      {row && (
        <>
          {row.last_error && <Code value={row.last_error} />}
          {row.state === 'dead' && <div class="row wrap">
            <ActionButton kind="main" icon="rotate-ccw" action={retry}>{words('retry')}</ActionButton>
            <Button kind="risky" icon="trash-2" onClick={() => ask(true)}>{words('drop')}</Button>
          </div>}
          <Facts list={[[words('id'), <span key="id" class="row"><code class="cut">{row.id}</code><Copy text={row.id} /></span>], [words('key'), row.key && visible(row.key)],
            [words('tries'), number(row.attempts)], [words('added'), <Time key="a" at={row.added_at} />], [words('due'), <Time key="d" at={row.due_at} />],
            [words('since'), row.dead_at && <Time key="x" at={row.dead_at} />]]} />
          <h3>{words('payload')}</h3>
          <Code value={row.payload} />
        </>
      )}
      {isAsked && <Confirm title={words('dropTitle', { what: label(kind, 40) })} text={words('dropText')} label={words('drop')} action={drop} onClose={() => ask(false)} />}
    </Beside>
  );
}

export default function Queue({ route, role }: ViewProps) {
  const { query } = route;
  const state = STATES.find((one) => one === query['state']) ?? 'dead';
  const kind = query['kind'];
  const stats = useLive('queue.stats', {}, { on: ['queue.changed'], everyMs: EVERY_MS });
  const rows = useRows(state, kind);
  const kinds = stats.data?.kinds ?? [];
  const total = (which: State) => kinds.reduce((n, one) => n + (!kind || one.kind === kind ? one[which] : 0), 0);
  const late = Math.max(0, ...kinds.map((one) => one.late_s));
  const here = kinds.find((one) => one.kind === kind);
  const open = query['of'] && route.what ? { kind: query['of'], id: route.what } : null;
  const close = href('queue', null, { ...query, of: undefined });
  const bar = (
    <>
      <Choices label={words('state')} chosen={state} list={STATES.map((name) => ({ name, href: href('queue', null, { ...query, of: undefined, state: name === 'dead' ? undefined : name }),
        label: <>{words(name)} <span class={name === 'dead' && total(name) > 0 ? 'mark bad' : 'faint'}>{number(total(name))}</span></> }))} />
      <Select label={words('kind')} value={kind ?? ''} onChange={(name) => refine({ kind: name || undefined })}
        list={[{ name: '', label: words('allKinds') }, ...kinds.map((one) => ({ name: one.kind, label: label(one.kind, 60) }))]} />
      {late > 5 && <Mark tone="warn" icon="clock">{words('late', { time: duration(late * 1000) })}</Mark>}
      <span class="grow" />
      {role === 'operator' && state === 'dead' && here && here.dead > 0 && <Whole kind={here.kind} dead={here.dead} />}
    </>
  );
  const empty = state === 'dead' ? <Empty icon="circle-check" title={words('noneDead')}><p>{words('noneDeadHelp')}</p></Empty>
    : <Empty icon="inbox" title={words(state === 'waiting' ? 'noneWaiting' : 'noneRunning')} />;
  return (
    <Work bar={bar} beside={open && <One key={`${open.kind} ${open.id}`} kind={open.kind} id={open.id} close={close} />}>
      <Failure error={rows.error ?? stats.error} retry={rows.reload} />
      {rows.data && <Table label={t('view.queue')} rows={rows.rows} columns={columnsOf(state)} keyOf={(row) => `${row.kind} ${row.id}`} more={rows.next}
        href={(row) => href('queue', row.id, { ...query, of: row.kind })} chosen={open && `${open.kind} ${open.id}`} empty={empty} />}
    </Work>
  );
}
