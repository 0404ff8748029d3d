// The log of the host that answers, as it is written: by level, by what a line contains, by request, agent and route.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useLink } from '../core/live';
import { href, refine } from '../core/route';
import { Refusal, socket } from '../core/socket';
import { number, t, tag, texts } from '../core/text';
import { Button, Code, Empty, Failure, label, Mark, Note, visible, type Tone } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { logs } from '../text/logs';
import { Beside, Choices, Copy, Facts, NothingLikeThis, Search, Work } from './server';
import type { ViewProps } from './views';

const words = texts(logs);
const EVERY_MS = 800, ASKED = 5000, KEPT = 20_000;
const LEVELS = ['all', 'info', 'warn', 'error'] as const;
const RANK: Record<string, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const TONES: Record<string, Tone> = { warn: 'warn', error: 'bad' };
// Fields that a line can be narrowed to.
const NARROW = ['request_id', 'agent_id', 'agent', 'route', 'kind', 'pid'];
const placeOf = (name: string) => (NARROW.includes(name) ? NARROW.indexOf(name) : NARROW.length);
const OWN = new Set(['time', 'level', 'msg']);

interface Line {
  key: string;
  raw: string;
  low: string;
  time: string;
  level: string;
  msg: string;
  fields: Record<string, unknown>;
}

function parsed(raw: string, n: number): Line {
  let value: Record<string, unknown> = {};
  try {
    const read = JSON.parse(raw) as unknown;
    if (read && typeof read === 'object') value = read as Record<string, unknown>;
  } catch { /* a line of another program, as it is */ }
  const time = String(value['time'] ?? '');
  return { key: `${time}-${String(value['pid'] ?? '')}-${n}`, raw, low: raw.toLowerCase(), time, level: String(value['level'] ?? 'info'),
    msg: typeof value['msg'] === 'string' ? value['msg'] : raw, fields: Object.fromEntries(Object.entries(value).filter(([name]) => !OWN.has(name))) };
}

/** The log, newest first, and whether lines were lost on the way. */
function useLog(isLive: boolean) {
  const [state, set] = useState<{ lines: Line[]; wasLost: boolean; error: Refusal | undefined; isRead: boolean }>({ lines: [], wasLost: false, error: undefined, isRead: false });
  const at = useRef<{ cursor: number | undefined; busy: boolean; n: number; seen: Map<string, number> }>({ cursor: undefined, busy: false, n: 0, seen: new Map() });
  const link = useLink();
  useEffect(() => {
    const look = async () => {
      const now = at.current;
      if (now.busy || socket.link !== 'open' || document.visibilityState !== 'visible') return;
      now.busy = true;
      try {
        const answer = await socket.call('logs.tail', { limit: ASKED, ...(now.cursor !== undefined && { cursor: now.cursor }) });
        const wasLost = answer.reset && now.cursor !== undefined;
        now.cursor = answer.cursor;
        // Lines of one instant and process are told apart by their order, which is the same at every reading.
        const fresh = answer.lines.map((raw) => {
          const line = parsed(raw, 0), n = now.seen.get(line.key) ?? 0;
          now.seen.set(line.key, n + 1);
          return n === 0 ? line : { ...line, key: `${line.key}${n}` };
        }).reverse();
        if (now.seen.size > 2 * KEPT) now.seen.clear();
        set((before) => (fresh.length === 0 && before.isRead && !before.error && !wasLost ? before
          : { lines: [...fresh, ...before.lines].slice(0, KEPT), wasLost: before.wasLost || wasLost, error: undefined, isRead: true }));
      } catch (e) {
        set((before) => ({ ...before, isRead: true, error: e instanceof Refusal ? e : new Refusal('internal', String(e)) }));
      }
      now.busy = false;
    };
    if (link === 'open') void look();
    const clock = isLive ? setInterval(() => void look(), EVERY_MS) : undefined;
    return () => clearInterval(clock);
  }, [isLive, link]);
  return state;
}

const clock = (time: string) => {
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) return '';
  return new Intl.DateTimeFormat(tag(), { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' }).format(ms);
};
const short = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

export default function Logs({ route }: ViewProps) {
  const { query } = route;
  const isLive = query['live'] !== '0';
  const log = useLog(isLive);
  const level = LEVELS.find((one) => one === query['level']) ?? 'all';
  const narrowed = NARROW.filter((name) => query[name]);
  const find = (query['q'] ?? '').trim().toLowerCase();
  const by = narrowed.map((name) => query[name]).join('\n');
  const rows = useMemo(() => log.lines.filter((line) => (level === 'all' || (RANK[line.level] ?? 1) >= (RANK[level] ?? 0))
    && (!find || line.low.includes(find)) && narrowed.every((name) => short(line.fields[name]) === query[name])), [log.lines, level, find, by]);
  const columns: ReadonlyArray<Column<Line>> = [
    { name: 'time', label: words('time'), width: '6.5rem', cell: (line) => <time class="mono" dateTime={line.time} title={line.time}>{clock(line.time)}</time> },
    { name: 'level', label: words('level'), width: '4rem', cell: (line) => <Mark tone={TONES[line.level] ?? 'plain'}>{label(line.level, 8)}</Mark> },
    { name: 'message', label: words('message'), width: 'minmax(16rem, 1fr)', cell: (line) => (
      <span class="cut left-to-right" dir="ltr">{label(line.msg, 300)} <span class="soft mono">{Object.entries(line.fields).filter(([name]) => name !== 'gen' && name !== 'pid')
        .map(([name, value]) => `${name}=${label(short(value), 80)}`).join(' ')}</span></span>) },
  ];
  const open = route.what ? log.lines.find((line) => line.key === route.what) : undefined;
  const bar = (
    <>
      <Search value={query['q']} placeholder={words('search')} />
      <Choices label={words('level')} chosen={level} list={LEVELS.map((name) => ({ name, label: words(name), href: href('logs', null, { ...query, level: name === 'all' ? undefined : name }) }))} />
      {narrowed.map((name) => <span key={name} class="chip"><span class="cut">{name}: {label(query[name] ?? '', 40)}</span>
        <Button kind="plain" icon="x" label={`${t('close')}: ${name}`} onClick={() => refine({ [name]: undefined })} /></span>)}
      <span class="faint" role="status">{words('lines', { n: number(rows.length) })}</span>
      <Button icon={isLive ? 'pause' : 'play'} onClick={() => refine({ live: isLive ? '0' : undefined })}>{words(isLive ? 'pause' : 'resume')}</Button>
    </>
  );
  return (
    <Work bar={bar} beside={route.what && log.isRead && <Line line={open} query={query} />}>
      {log.error && <Failure error={log.error} />}
      {log.wasLost && <Note tone="warn" icon="triangle-alert">{words('lost')}</Note>}
      <Table label={t('view.logs')} rows={rows} columns={columns} keyOf={(line) => line.key} href={(line) => href('logs', line.key, query)} chosen={route.what}
        empty={log.isRead && !log.error && (log.lines.length === 0 ? <Empty icon="list" title={words('nothing')} /> : <NothingLikeThis />)} />
    </Work>
  );
}

function Line({ line, query }: { line: Line | undefined; query: ViewProps['route']['query'] }) {
  const close = href('logs', null, query);
  if (!line) return <Beside title={words('gone')} close={close}><p class="soft">{words('goneHelp')}</p></Beside>;
  return (
    <Beside title={visible(line.msg)} close={close} action={<Copy text={line.raw} />}>
      <Facts list={[[words('time'), <time key="t" class="mono">{line.time}</time>], [words('level'), <Mark key="l" tone={TONES[line.level] ?? 'plain'}>{line.level}</Mark>],
        ...Object.entries(line.fields).sort(([a], [b]) => placeOf(a) - placeOf(b)).map(([name, value]) => [name, (
          <span key={name} class="row wrap"><span class="mono">{visible(short(value))}</span>
            {NARROW.includes(name) && <a href={href('logs', null, { ...query, [name]: short(value) })}>{words('only')}</a>}</span>
        )] as const)]} />
      <Code value={line.raw.startsWith('{') ? { msg: line.msg, ...line.fields } : line.raw} />
    </Beside>
  );
}
