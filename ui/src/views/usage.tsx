// What language models have cost: by agent, model, channel or user, day by day, with exact numbers, as a table and as CSV; and
// how much of each budget is used.
import './usage.css';
import { csv, save, type Cell } from '../core/csv';
import { useLive } from '../core/live';
import { href, refine } from '../core/route';
import type { Params, Result } from '../core/socket';
import { money, number, percent, texts } from '../core/text';
import { Button, Empty, Failure, Figure, label, Note, Panel, Select, Tabs } from '../parts/parts';
import { DayChart, type ChartLine } from '../parts/chart';
import { Table, type Column } from '../parts/table';
import { usage as area } from '../text/usage';
import type { ViewProps } from './views';

type By = NonNullable<Params<'usage.report'>['by']>;
type Report = Result<'usage.report'>;
type Line = Report['lines'][number];
type Budget = Result<'usage.budgets'>['budgets'][number];
type Metric = 'costMicros' | 'tokens' | 'runs';

const words = texts(area);
const BYS: readonly By[] = ['agent', 'model', 'channel', 'user'];
const METRICS: readonly Metric[] = ['costMicros', 'tokens', 'runs'];
const DAYS = ['1', '7', '30', '90'];
const SHOWN = 6;
const titles = { agent: 'byAgent', model: 'byModel', channel: 'byChannel', user: 'byUser' } as const;

const usd = (micros: number) => (micros !== 0 && Math.abs(micros) < 10_000 ? number(micros / 1e6, { style: 'currency', currency: 'USD', maximumFractionDigits: 6 }) : money(micros / 10_000));
const count = (n: number) => number(n);
const titleOf = (metric: Metric, by: By) => words(metric === 'costMicros' ? 'cost' : metric === 'tokens' ? 'tokens' : by === 'model' ? 'calls' : 'runs');

function nameOf(line: Line, by: By): string {
  if (line.key === '') return words('others');
  if (by === 'channel') return line.key === 'agent-api' ? words('agentApi') : line.key === 'chat' ? words('chat') : line.key;
  return line.label ?? line.key;
}

const sum = (lines: ReadonlyArray<Line>, metric: Metric) => lines.reduce((n, line) => n + line[metric], 0);

/** The first lines, and all others as one. */
function charted({ lines, dates }: Report, by: By, metric: Metric): ChartLine[] {
  const sorted = [...lines].sort((a, b) => b[metric] - a[metric]);
  const first = sorted.slice(0, SHOWN).filter((line) => line[metric] > 0).map((line) => ({ name: nameOf(line, by), values: line.days[metric] }));
  const rest = sorted.slice(SHOWN);
  if (sum(rest, metric) > 0) first.push({ name: words('others'), values: dates.map((_, i) => rest.reduce((n, line) => n + (line.days[metric][i] ?? 0), 0)) });
  return first;
}

/** One row for each day and each that has used something on it. */
function exported({ lines, dates }: Report, by: By): string {
  const rows: Cell[][] = [[words('date'), words('key'), words('name'), titleOf('runs', by), words('tokens'), `${words('cost')} (USD)`]];
  dates.forEach((date, i) => {
    for (const line of lines) {
      const { runs, tokens, costMicros } = line.days;
      if (runs[i] || tokens[i] || costMicros[i]) rows.push([date, line.key, nameOf(line, by), runs[i], tokens[i], (costMicros[i] ?? 0) / 1e6]);
    }
  });
  return csv(rows);
}

const columns = (by: By, whole: number): Column<Line>[] => [
  { name: 'name', label: words(by), width: 'minmax(9rem, 2fr)', cell: (line) => label(nameOf(line, by)) },
  { name: 'runs', label: titleOf('runs', by), width: '5.5rem', isNumber: true, cell: (line) => count(line.runs) },
  ...(by === 'model' ? [
    { name: 'input', label: words('input'), width: '7rem', isNumber: true, cell: (line: Line) => count(line.inputTokens ?? 0) },
    { name: 'output', label: words('output'), width: '7rem', isNumber: true, cell: (line: Line) => count(line.outputTokens ?? 0) }] : []),
  { name: 'tokens', label: words('tokens'), width: '7rem', isNumber: true, cell: (line) => count(line.tokens) },
  { name: 'cost', label: words('cost'), width: '7rem', isNumber: true, cell: (line) => (line.unpriced && line.costMicros === 0 ? '–' : usd(line.costMicros)) },
  { name: 'share', label: words('share'), width: '5rem', isNumber: true, cell: (line) => (whole > 0 ? percent(line.costMicros / whole) : '–') },
];

const budgetName = (one: Budget) => (one.kind === 'house' ? words('house') : words(one.kind === 'user' ? 'ofUser' : 'ofAgent', { name: label(one.name, 60) }));
const share = (one: Budget) => Math.max(one.tokens / Math.max(1, one.tokensAllowed), one.costAllowedMicros ? one.costMicros / one.costAllowedMicros : 0);

const budgetColumns = (): Column<Budget>[] => [
  { name: 'name', label: words('budget'), width: 'minmax(9rem, 1fr)', cell: budgetName },
  { name: 'used', label: words('used'), width: '8rem', cell: (one) => <meter min={0} max={1} high={0.9} low={0.7} optimum={0} value={Math.min(1, share(one))} aria-label={`${budgetName(one)}: ${percent(share(one))}`} /> },
  { name: 'tokens', label: words('left'), width: '14rem', isNumber: true, cell: (one) => words('of', { used: count(one.tokens), allowed: count(one.tokensAllowed) }) },
  { name: 'cost', label: words('costUsed'), width: '11rem', isNumber: true,
    cell: (one) => (one.costAllowedMicros === undefined ? words('of', { used: usd(one.costMicros), allowed: words('noCap') }) : words('of', { used: usd(one.costMicros), allowed: usd(one.costAllowedMicros) })) },
];

function Budgets() {
  const { data, error, reload } = useLive('usage.budgets', {}, { on: ['chat'], everyMs: 60_000 });
  return (
    <Panel title={words('budgets')} flush>
      <Failure error={error} retry={reload} />
      {data && <Table label={words('budgets')} rows={[...data.budgets].sort((a, b) => share(b) - share(a))} columns={budgetColumns()} keyOf={(one) => `${one.kind} ${one.id}`} empty={null} />}
    </Panel>
  );
}

export default function Usage({ route }: ViewProps) {
  const by = BYS.find((one) => one === route.query['by']) ?? 'agent';
  const days = DAYS.find((one) => one === route.query['days']) ?? '30';
  const { data, error, reload } = useLive('usage.report', { by, days: Number(days) }, { on: ['chat'], everyMs: 60_000 });
  const lines = data?.lines ?? [];
  const cost = sum(lines, 'costMicros');
  const metric = METRICS.find((one) => one === route.query['metric']) ?? (data && cost === 0 ? 'tokens' : 'costMicros');
  const said = metric === 'costMicros' ? usd : count;
  return (
    <div class="stack usage">
      <div class="row wrap">
        <Select bare label={words('days')} value={days} list={DAYS.map((n) => [n, n === '1' ? words('today') : words('last', { n })])} onChange={(value) => refine({ days: value })} />
        <Select bare label={words('metric')} value={metric} list={METRICS.map((one) => [one, titleOf(one, by)])} onChange={(value) => refine({ metric: value })} />
        <span class="grow" />
        <Button kind="main" icon="download" disabled={lines.length === 0} onClick={() => { if (data) save(`usage-${by}-${data.dates.at(-1) ?? ''}.csv`, exported(data, by)); }}>{words('export')}</Button>
      </div>
      <Tabs chosen={by} list={BYS.map((name) => ({ name, text: words(titles[name]), href: href('usage', null, { ...route.query, by: name }) }))} />
      <Failure error={error} retry={reload} />
      {data && lines.length === 0 && <Empty icon="coins" title={words('none')}><p>{words('noneHelp')}</p></Empty>}
      {data && lines.length > 0 && (
        <>
          <div class="figures">
            <Figure label={words('cost')} value={usd(cost)} /><Figure label={words('tokens')} value={count(sum(lines, 'tokens'))} /><Figure label={titleOf('runs', by)} value={count(sum(lines, 'runs'))} />
          </div>
          {lines.some((line) => line.unpriced) && <Note tone="warn" icon="triangle-alert">{words('unpriced')}</Note>}
          <Panel title={words('chart', { what: titleOf(metric, by) })}><DayChart name={words('chart', { what: titleOf(metric, by) })} dates={data.dates} lines={charted(data, by, metric)} said={said} /></Panel>
          <Panel title={words('table')} flush>
            <Table label={words('table')} rows={lines} columns={columns(by, cost)} keyOf={(line) => line.key} empty={null}
              {...(by === 'agent' && { href: (line: Line) => (line.key ? href('agents', line.key) : href('agents')) })} />
          </Panel>
          <p class="soft">{words('utc')} {words('deleted')}</p>
        </>
      )}
      <Budgets />
    </div>
  );
}
