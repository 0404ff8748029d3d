// Secrets: what there may be, what is set and what uses it. A value goes in and is never shown.
import { useState } from 'preact/hooks';
import { useAction, useLive } from '../core/live';
import { href } from '../core/route';
import { socket, type Result } from '../core/socket';
import { t, texts } from '../core/text';
import { ActionButton, Button, Confirm, Empty, Failure, Field, label, Mark, Note, Time, visible } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { say } from '../parts/toasts';
import { secrets } from '../text/secrets';
import { Beside, Choices, Facts, NothingLikeThis, Search, Work } from './server';
import type { ViewProps } from './views';

const words = texts(secrets);
type Secret = Result<'secrets.list'>['secrets'][number];

function State({ one }: { one: Secret }) {
  return <span class="row"><Mark tone={one.is_set ? 'good' : 'plain'}>{words(one.is_set ? 'set' : 'notSet')}</Mark>{one.waits && <Mark tone="warn">{words('waits')}</Mark>}</span>;
}

const columns = (): ReadonlyArray<Column<Secret>> => [
  { name: 'name', label: words('name'), width: 'minmax(13rem, 1fr)', cell: (one) => <code>{label(one.name)}</code> },
  { name: 'state', label: words('state'), width: 'minmax(7rem, 12rem)', cell: (one) => <State one={one} /> },
  { name: 'changed', label: words('changed'), width: '7rem', cell: (one) => <Time at={one.changed_at} /> },
  { name: 'about', label: words('about'), width: 'minmax(12rem, 2fr)', cell: (one) => <span class="soft">{label(one.about, 200)}</span> },
];

function One({ one, close }: { one: Secret; close: string }) {
  const [value, setValue] = useState(''), [isAsked, ask] = useState(false);
  const set = useAction(async () => {
    const { restart_required: later } = await socket.call('secrets.set', { name: one.name, value });
    setValue('');
    say(words(later.includes(one.name) ? 'savedLater' : 'saved', { name: one.name }));
  });
  const remove = useAction(async () => { await socket.call('secrets.remove', { name: one.name }); ask(false); say(words('removed', { name: one.name })); });
  const isOurs = one.source === undefined || /\.json:\d+$/.test(one.source);
  return (
    <Beside title={<code>{one.name}</code>} close={close} action={<State one={one} />}>
      <p>{visible(one.about)}</p>
      {one.is_set && !isOurs ? <Note icon="circle-alert">{words('elsewhere', { source: visible(one.source ?? '') })}</Note> : <form class="stack" onSubmit={(event) => { event.preventDefault(); void set.run(); }}>
        <Field label={words('value')} type="password" help={words('valueHelp')} value={value} onInput={setValue} maxLength={65_536} required />
        <div class="row wrap">
          <ActionButton kind="main" icon="key-round" type="submit" action={set} disabled={value === ''}>{words('save')}</ActionButton>
          {(one.is_set || one.waits) && <Button kind="risky" icon="trash-2" onClick={() => ask(true)}>{words('remove')}</Button>}
        </div>
        <Failure error={set.error} />
      </form>}
      <Facts list={[[words('usedBy'), words(one.kind, { name: one.used_by })], [words('from'), one.source && visible(one.source)], [words('changed'), one.changed_at && <Time key="t" at={one.changed_at} />], [words('by'), one.changed_by && label(one.changed_by)]]} />
      <p class="faint">{words('never')}</p>
      {isAsked && <Confirm title={words('removeTitle', { name: one.name })} text={words('removeText')} label={words('remove')} action={remove} onClose={() => ask(false)} />}
    </Beside>
  );
}

export default function Secrets({ route }: ViewProps) {
  const { query } = route;
  const { data, error, reload } = useLive('secrets.list', {}, { on: ['config.changed'] });
  const find = (query['q'] ?? '').trim().toLowerCase(), which = query['show'] ?? 'all';
  const rows = data?.secrets.filter((one) => `${one.name} ${one.about}`.toLowerCase().includes(find) && (which === 'all' || (which === 'isSet') === one.is_set)) ?? [];
  const close = href('secrets', null, query);
  const open = data?.secrets.find((one) => one.name === route.what);
  const bar = (
    <>
      <Search value={query['q']} />
      <Choices label={words('state')} chosen={which} list={(['all', 'isSet', 'isNotSet'] as const).map((name) => ({ name, label: words(name), href: href('secrets', null, { ...query, show: name === 'all' ? undefined : name }) }))} />
    </>
  );
  return (
    <Work bar={bar} beside={route.what && data && (open ? <One key={open.name} one={open} close={close} /> : <Beside title={words('gone')} close={close}>{null}</Beside>)}>
      <Failure error={error} retry={reload} />
      {data && <Table label={t('view.secrets')} rows={rows} columns={columns()} keyOf={(one) => one.name} href={(one) => href('secrets', one.name, query)} chosen={route.what}
        empty={data.secrets.length === 0 ? <Empty icon="key-round" title={words('gone')} /> : <NothingLikeThis />} />}
    </Work>
  );
}
