// The tools: what each does, who may call it and why, and which are on.
import { useAction, useLive } from '../core/live';
import { href } from '../core/route';
import { Refusal, socket, type Result } from '../core/socket';
import { t, texts } from '../core/text';
import { ActionButton, Code, Empty, Failure, label, Mark, Note, Panel, Time, visible, type Tone } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { say } from '../parts/toasts';
import { tools } from '../text/tools';
import { Beside, Choices, Facts, NothingLikeThis, Search, Work } from './server';
import type { ViewProps } from './views';

const words = texts(tools);
type Tool = Result<'tools.catalog'>['tools'][number];
type Source = Result<'tools.catalog'>['sources'][number];
type Verdicts = Result<'tools.verdicts'>;
type Verdict = Verdicts['tools'][number]['verdicts'][number];

const RISKS: Record<string, Tone> = { low: 'plain', medium: 'warn', high: 'bad' };
const STATES: Record<Source['state'], Tone> = { ready: 'good', failed: 'bad', unknown: 'plain', asked: 'plain' };
const BUILT_IN = 'built-in';
const riskText = (risk: string) => (risk === 'low' || risk === 'medium' || risk === 'high' ? words(risk) : label(risk));

function columnsOf(verdicts: Verdicts | undefined): ReadonlyArray<Column<Tool>> {
  const of = new Map(verdicts?.tools.map((one) => [one.name, one.verdicts]));
  const askers = verdicts?.tools[0]?.verdicts.map((one) => one.asker) ?? [];
  return [
    { name: 'tool', label: words('tool'), width: 'minmax(10rem, 1fr)', cell: (one) => <code>{label(one.name)}</code> },
    { name: 'state', label: words('state'), width: '4rem', cell: (one) => <Mark tone={one.enabled ? 'good' : 'plain'}>{words(one.enabled ? 'on' : 'off')}</Mark> },
    { name: 'risk', label: words('risk'), width: '5rem', cell: (one) => <Mark tone={RISKS[one.risk] ?? 'warn'}>{riskText(one.risk)}</Mark> },
    ...askers.map((asker, i): Column<Tool> => ({ name: asker, label: words(asker), width: '6.5rem', cell: (one) => <Says verdict={of.get(one.name)?.[i]} level={verdicts?.level ?? 0} /> })),
    { name: 'about', label: words('about'), width: 'minmax(12rem, 3fr)', cell: (one) => <span class="soft">{label(one.description, 200)}</span> },
  ];
}

function Says({ verdict, level }: { verdict: Verdict | undefined; level: number }) {
  return verdict ? <span class={verdict.action} title={words('because', { reason: verdict.reason, level })}>{words(verdict.action)}</span> : <span class="faint">–</span>;
}

function Switch({ one, done }: { one: Tool; done: () => void }) {
  const turn = useAction(async () => {
    if (one.hash !== undefined) {
      if (one.enabled) await socket.call('tools.forbid', { name: one.name });
      else await socket.call('tools.allow', { name: one.name, hash: one.hash });
    } else {
      await switchBuiltIn(one.name, !one.enabled);
    }
    say(words(one.enabled ? 'forbidden' : 'allowed', { name: one.name }));
    done();
  });
  const text = one.hash === undefined ? words(one.enabled ? 'switchOff' : 'switchOn') : words(one.enabled ? 'forbid' : 'allow');
  return <div class="stack"><div class="row"><ActionButton kind={one.enabled ? 'risky' : 'main'} icon={one.enabled ? 'x' : 'check'} action={turn}>{text}</ActionButton></div><Failure error={turn.error} /></div>;
}

const listAt = (config: unknown, name: string): string[] => {
  const found = (config as { tools?: Record<string, unknown> }).tools?.[name];
  return Array.isArray(found) ? found.filter((one): one is string => typeof one === 'string') : [];
};

// Of tools that are built in two settings say which are on; the file must be as it was read.
async function switchBuiltIn(name: string, isOn: boolean): Promise<void> {
  const { config, hash } = await socket.call('config.get');
  const enabled = listAt(config, 'enabled'), disabled = listAt(config, 'disabled').filter((one) => one !== name);
  if (isOn && disabled.includes('*')) throw new Refusal('all_off', words('allOff'));   // without it, all others would be on
  const changes = isOn
    ? { 'tools.disabled': disabled, 'tools.enabled': enabled.includes('*') || enabled.includes(name) ? enabled : [...enabled, name] }
    : { 'tools.disabled': [...disabled, name] };
  await socket.call('config.set', { raw: JSON.stringify(changes), baseHash: hash });
}

function One({ one, verdicts, close, isOperator, done }: { one: Tool; verdicts: Verdicts | undefined; close: string; isOperator: boolean; done: () => void }) {
  const mine = verdicts?.tools.find((tool) => tool.name === one.name)?.verdicts ?? [];
  return (
    <Beside title={<code>{label(one.name)}</code>} close={close} action={<Mark tone={one.enabled ? 'good' : 'plain'}>{words(one.enabled ? 'on' : 'off')}</Mark>}>
      <p>{visible(one.description)}</p>
      {one.reason && <Note tone="warn" icon="circle-alert">{words('unfit')}: {visible(one.reason)}</Note>}
      {isOperator && <Switch one={one} done={done} />}
      <h3>{words('why')}</h3>
      <Facts list={mine.map((verdict) => [words(verdict.asker), <span key={verdict.asker} class="line"><strong class={verdict.action}>{words(verdict.action)}</strong> <span class="soft">{words('because', { reason: verdict.reason, level: verdicts?.level ?? 0 })}</span></span>] as const)} />
      {verdicts && <p class="faint">{words('rule', { rule: verdicts.rule })}</p>}
      <Facts list={[[words('risk'), <Mark key="r" tone={RISKS[one.risk] ?? 'warn'}>{riskText(one.risk)}</Mark>], [words('source'), one.source === BUILT_IN ? words('builtin') : label(one.source)], [words('hash'), one.hash && <code key="h">{one.hash}</code>]]} />
      <h3>{words('parameters')}</h3>
      <Code value={one.parameters} />
    </Beside>
  );
}

function Sources({ list, isOperator, done }: { list: ReadonlyArray<Source>; isOperator: boolean; done: () => void }) {
  const ask = useAction(async () => { await socket.call('tools.refresh', {}); done(); });
  if (list.length === 0) return null;
  return (
    <Panel title={words('servers')} flush action={isOperator && <ActionButton icon="refresh-cw" action={ask}>{words('refresh')}</ActionButton>}>
      <Failure error={ask.error} />
      <ul class="rows">{list.map((one) => (
        <li key={one.name}><strong>{label(one.name)}</strong><span class="soft grow cut">{label(one.title)} {one.kind}{one.error && `: ${visible(one.error)}`}</span>
          <Mark tone={STATES[one.state]}>{words(one.state)}</Mark>{one.listed_at && <span class="soft">{words('listed')} <Time at={one.listed_at} /></span>}</li>))}</ul>
    </Panel>
  );
}

export default function Tools({ route, role }: ViewProps) {
  const { query } = route;
  const isOperator = role === 'operator';
  const { data, error, reload } = useLive('tools.catalog', {}, { on: ['config.changed'], everyMs: 15_000 });
  const verdicts = useLive('tools.verdicts', {}, { on: ['config.changed'] });
  const find = (query['q'] ?? '').trim().toLowerCase(), which = query['show'] ?? 'all';
  const rows = data?.tools.filter((one) => `${one.name} ${one.description}`.toLowerCase().includes(find) && (which === 'all' || (which === 'ons') === one.enabled)) ?? [];
  const open = data?.tools.find((one) => one.name === route.what);
  const close = href('tools', null, query);
  const bar = (
    <>
      <Search value={query['q']} />
      <Choices label={words('state')} chosen={which} list={(['all', 'ons', 'offs'] as const).map((name) => ({ name, label: words(name), href: href('tools', null, { ...query, show: name === 'all' ? undefined : name }) }))} />
      <span class="grow" />
      {verdicts.data && <a href={href('config', null, { q: 'security.autonomy_level' })}>{words('level', { n: verdicts.data.level })}</a>}
    </>
  );
  return (
    <Work bar={bar} beside={route.what && data && (open ? <One key={open.name} one={open} verdicts={verdicts.data} close={close} isOperator={isOperator} done={reload} /> : <Beside title={words('gone')} close={close}>{null}</Beside>)}>
      <Failure error={error ?? verdicts.error} retry={reload} />
      {data && <Sources list={data.sources} isOperator={isOperator} done={reload} />}
      {data && <Table label={t('view.tools')} rows={rows} columns={columnsOf(verdicts.data)} keyOf={(one) => one.name} href={(one) => href('tools', one.name, query)} chosen={route.what}
        empty={data.tools.length === 0 ? <Empty icon="wrench" title={words('gone')} /> : <NothingLikeThis />} />}
    </Work>
  );
}
