// The hosts on this database, as each says of itself every few seconds.
import { useLive } from '../core/live';
import type { Result } from '../core/socket';
import { bytes, duration, number, t, texts } from '../core/text';
import { Failure, Figure, label, Mark, Note } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { nodes } from '../text/nodes';

const words = texts(nodes);
type Node = Result<'nodes.list'>['nodes'][number];

const columns = (mine: string | undefined): ReadonlyArray<Column<Node>> => [
  { name: 'host', label: words('host'), width: 'minmax(10rem, 2fr)', cell: (one) => <><code>{label(one.name)}</code>{one.id === mine && <span class="soft"> {words('here')}</span>}</> },
  { name: 'state', label: words('state'), width: '8rem', cell: (one) => <Mark tone={one.status === 'online' ? 'good' : 'bad'}>{one.status === 'online' || one.status === 'degraded' ? words(one.status) : label(one.status)}</Mark> },
  { name: 'version', label: words('version'), width: '6rem', cell: (one) => label(one.version, 20) },
  { name: 'up', label: words('up'), width: '6rem', isNumber: true, cell: (one) => duration(one.uptime_secs * 1000) },
  { name: 'workers', label: words('workers'), width: '5rem', isNumber: true, cell: (one) => number(one.workers) },
  { name: 'sockets', label: words('sockets'), width: '5rem', isNumber: true, cell: (one) => number(one.ws_connections) },
  { name: 'memory', label: words('memory'), width: '6rem', isNumber: true, cell: (one) => bytes(one.memory_mb * 1_048_576) },
];

export default function Nodes() {
  const { data, error, reload } = useLive('nodes.list', {}, { everyMs: 4000 });
  const metrics = useLive('metrics.snapshot', {}, { everyMs: 4000 });
  const list = data?.nodes ?? [], m = metrics.data?.metrics;
  const sum = (of: (one: Node) => number) => list.reduce((n, one) => n + of(one), 0);
  return (
    <div class="work">
      <div class="inside-work stack">
        <Failure error={error ?? metrics.error} retry={reload} />
        {data && m && (
          <div class="figures">
            <Figure label={words('all')} value={number(list.length)} more={`${number(sum((one) => one.workers))} ${words('workers')}`} />
            <Figure label={words('sockets')} value={number(sum((one) => one.ws_connections))} />
            <Figure label={words('requests')} value={number(m.total_requests)} more={words('since')} />
            <Figure label={words('errors')} value={number(m.total_errors)} more={words('since')} />
            <Figure label={words('latency')} value={duration(m.avg_latency_ms)} more={words('since')} />
          </div>
        )}
        {new Set(list.map((one) => one.version)).size > 1 && <Note tone="warn" icon="triangle-alert">{words('differ')}</Note>}
        {data && <section class="panel" aria-label={t('view.nodes')}><Table label={t('view.nodes')} rows={list} columns={columns(list[0]?.id)} keyOf={(one) => one.id} empty={null} /></section>}
        {list.length === 1 && <p class="faint">{words('alone')}</p>}
      </div>
    </div>
  );
}
