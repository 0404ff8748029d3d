// What needs the reader, what happens, and how the server is: each number from the server, or not shown.
import { useLive } from '../core/live';
import type { Result } from '../core/socket';
import { href } from '../core/route';
import { duration, money, number, t, texts } from '../core/text';
import { Empty, Failure, Figure, label, Mark, Panel, Time } from '../parts/parts';
import { ApprovalCard, useApprovals } from '../parts/approval';
import { overview } from '../text/overview';
import { views, type ViewProps } from './views';

const words = texts(overview);
const HEARD = ['chat', 'sessions.changed'] as const;

function Figures() {
  const usage = useLive('usage.summary', {}, { on: ['chat'], everyMs: 60_000 });
  const health = useLive('health', {}, { everyMs: 10_000 });
  const u = usage.data;
  const h = health.data;
  return (
    <div class="stack">
      <Failure error={usage.error ?? health.error} />
      <div class="figures">
        {h && <Figure label={words('health')} value={<Mark tone={h.status === 'ok' ? 'good' : 'bad'}>{words(h.status === 'ok' ? 'ok' : 'degraded')}</Mark>}
          more={h.workers !== undefined ? words('workers', { n: number(h.workers) }) : undefined} />}
        {h?.uptime_secs !== undefined && <Figure label={words('uptime')} value={duration(h.uptime_secs * 1000)}
          more={h.version && words('version', { version: h.version })} />}
        {u && <Figure label={words('cost')} value={money(u.daily_cost_usd * 100)} more={words('costMonth', { cost: money(u.monthly_cost_usd * 100) })} />}
        {u && <Figure label={words('turns')} value={number(u.turns_today)} more={words('turnsWeek', { n: number(u.turns_week) })} />}
        {u && <Figure label={words('tokens')} value={number(u.total_tokens, { notation: 'compact' })} />}
      </div>
      {h?.problems?.map((problem) => <p key={problem} class="note warn">{problem}</p>)}
    </div>
  );
}

const VIEW_OF: Readonly<Record<string, string>> = { job: 'automations', channel: 'channels', queue: 'queue', work: 'trades', dispute: 'trades' };
type Kind = 'job' | 'channel' | 'queue' | 'work' | 'dispute';
const isKind = (kind: string): kind is Kind => kind in VIEW_OF;

type Item = Result<'attention.list'>['items'][number];

function Attention({ items }: { items: ReadonlyArray<Item> }) {
  const hrefOf = (kind: string, id: string) => {
    const view = views.find((one) => one.name === VIEW_OF[kind]);
    return view && href(view.name, id);
  };
  return (
    <ul class="attention" aria-label={words('look')}>
      {items.map((one) => {
        const to = hrefOf(one.kind, one.id);
        return (
          <li key={`${one.kind} ${one.id}`} class="row">
            <Mark tone={one.kind === 'work' ? 'plain' : 'bad'}>{words(isKind(one.kind) ? one.kind : 'unknown')}</Mark>
            {to ? <a class="cut" href={to}>{label(one.name, 60)}</a> : <span class="cut">{label(one.name, 60)}</span>}
            {one.count !== undefined && one.count > 1 && <span class="num soft">{words('times', { n: number(one.count) })}</span>}
            <span class="soft cut grow">{one.detail && label(one.detail, 200)}</span>
            {one.at !== undefined && <span class="faint"><Time at={one.at} /></span>}
          </li>
        );
      })}
    </ul>
  );
}

function Waits({ mayDecide }: { mayDecide: boolean }) {
  const { data, error, reload } = useApprovals();
  const other = useLive('attention.list', {}, { on: ['cron.job', 'channel.failed', 'queue.changed', 'market.changed'], everyMs: 30_000 });
  const items = other.data?.items ?? [];
  return (
    <section class="stack" aria-label={words('waits')}>
      <Failure error={error} retry={reload} />
      <Failure error={other.error} retry={other.reload} />
      {data?.approvals.length === 0 && other.data && items.length === 0 && <p class="note">{words('nothingWaits')}</p>}
      {data?.approvals.slice(0, 5).map((one) => <ApprovalCard key={one.id} one={one} mayDecide={mayDecide} done={reload} />)}
      {items.length > 0 && <Attention items={items} />}
      {other.data?.more && <p class="note">{words('lookMore')}</p>}
    </section>
  );
}

function Happened() {
  const { data, error, reload } = useLive('activity.recent', { limit: 20 }, { on: HEARD });
  return (
    <Panel title={words('happens')}>
      <Failure error={error} retry={reload} />
      {data?.events.length === 0 && <Empty icon="message-square" title={words('nothingHappened')}><a class="button main" href={href('chat')}>{t('view.chat')}</a></Empty>}
      <ul class="stack">
        {data?.events.map((event) => (
          <li key={`${event.session} ${event.time}`} class="row">
            <a class="cut" href={href('chat', event.session)}>{label(event.session, 40)}</a>
            <span class="soft cut grow">{label(event.message)}</span>
            <span class="faint"><Time at={event.time * (event.time < 1e12 ? 1000 : 1)} /></span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export default function Overview({ role }: ViewProps) {
  return <div class="stack"><Figures /><Waits mayDecide={role === 'operator'} /><Happened /></div>;
}
