// The skills: what is installed, what each says and asks for, and which the agent may use.
import { useState } from 'preact/hooks';
import { useAction, useLive } from '../core/live';
import { go, href } from '../core/route';
import { socket, type Result } from '../core/socket';
import { bytes, number, t, texts } from '../core/text';
import { ActionButton, Button, Code, Confirm, Dialog, Empty, Failure, Field, label, Mark, Note, Time, visible } from '../parts/parts';
import { Table, type Column } from '../parts/table';
import { say } from '../parts/toasts';
import { skills } from '../text/skills';
import { Beside, Choices, Copy, Facts, NothingLikeThis, Search, Work } from './server';
import type { ViewProps } from './views';

const words = texts(skills);
type Skill = Result<'skills.list'>['skills'][number];
type Shown = Result<'skills.show'>;

const FIRST = ['SKILL.md', 'manifest.json'];
const onOff = (is: boolean) => <Mark tone={is ? 'good' : 'plain'}>{words(is ? 'on' : 'off')}</Mark>;

const columns = (): ReadonlyArray<Column<Skill>> => [
  { name: 'name', label: words('name'), width: 'minmax(8rem, 1fr)', cell: (one) => label(one.name) },
  { name: 'state', label: words('state'), width: '4rem', cell: (one) => onOff(one.enabled) },
  { name: 'warnings', label: words('warnings'), width: '6rem', isNumber: true, cell: (one) => (one.warning_count > 0 ? <Mark tone="warn" icon="triangle-alert">{number(one.warning_count)}</Mark> : <span class="faint">–</span>) },
  { name: 'version', label: words('version'), width: '5rem', cell: (one) => label(one.version || '–', 20) },
  { name: 'about', label: words('about'), width: 'minmax(12rem, 3fr)', cell: (one) => <span class="soft">{label(one.description, 200)}</span> },
];

function Install({ close }: { close: () => void }) {
  const [url, setUrl] = useState('');
  const install = useAction(async () => {
    const { name } = await socket.call('skills.install', { url: url.trim() });
    say(words('installed', { name: label(name) }));
    close();
    go(href('skills', name));
  });
  return (
    <Dialog title={words('install')} onClose={close} footer={<><Button onClick={close}>{t('cancel')}</Button><ActionButton kind="main" icon="download" action={install} disabled={!url.trim()}>{words('install')}</ActionButton></>}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); void install.run(); }}>
        <Field label={words('address')} help={words('addressHelp')} value={url} onInput={setUrl} maxLength={2000} required autoFocus />
        <Failure error={install.error} />
      </form>
    </Dialog>
  );
}

function Deeds({ one, close, done }: { one: Shown; close: string; done: () => void }) {
  const [isAsked, ask] = useState(false);
  const name = label(one.name, 40);
  const turn = useAction(async () => {
    if (one.enabled) await socket.call('skills.disable', { name: one.name });
    else await socket.call('skills.enable', { name: one.name, hash: one.hash });
    say(words(one.enabled ? 'disabled' : 'enabled', { name }));
    done();
  });
  const update = useAction(async () => {
    const { skills: list } = await socket.call('skills.update', { name: one.name });
    say(list[0]?.problem ?? words(list[0]?.changed ? 'changed' : 'same', { name }));
    done();
  });
  const remove = useAction(async () => { await socket.call('skills.uninstall', { name: one.name }); ask(false); say(words('uninstalled', { name })); go(close); });
  return (
    <>
      <div class="row wrap">
        <ActionButton kind={one.enabled ? undefined : 'main'} icon={one.enabled ? 'x' : 'check'} action={turn}>{words(one.enabled ? 'disable' : 'enable')}</ActionButton>
        <ActionButton icon="refresh-cw" action={update}>{words('update')}</ActionButton>
        <Button kind="risky" icon="trash-2" onClick={() => ask(true)}>{words('uninstall')}</Button>
      </div>
      <Failure error={turn.error ?? update.error} />
      {isAsked && <Confirm title={words('uninstallTitle', { name })} text={words('uninstallText')} label={words('uninstall')} action={remove} onClose={() => ask(false)} />}
    </>
  );
}

function One({ name, path, query, isOperator }: { name: string; path: string | undefined; query: ViewProps['route']['query']; isOperator: boolean }) {
  const { data, error, reload } = useLive('skills.show', { name, ...(path && { path }) }, { on: ['skills.changed'] });
  const close = href('skills', null, { ...query, file: undefined });
  if (error?.code === 'NOT_FOUND') return <Beside title={words('gone')} close={close}>{null}</Beside>;
  const first = data?.files.find((file) => FIRST.includes(file.path));
  const shown = path ?? first?.path;
  return (
    <Beside title={label(name)} close={close} action={data && onOff(data.enabled)}>
      <Failure error={error} retry={reload} />
      {data && (
        <>
          <p>{visible(data.description)}</p>
          {data.unmet.length > 0 && <Note tone="warn" icon="circle-alert">{words('needs')}: {visible(data.unmet.join(', '))}</Note>}
          {data.warnings.length > 0 && (
            <Note tone="warn" icon="triangle-alert"><strong>{words('ofWarnings')}</strong>
              <ul>{data.warnings.map((one, i) => <li key={i}>{visible(one.text)}{one.path && <> · <a href={href('skills', name, { ...query, file: one.path })}>{visible(one.path)}</a></>}{one.line !== undefined && ` ${words('line', { n: one.line })}`}{one.excerpt && <code> {visible(one.excerpt)}</code>}</li>)}</ul></Note>
          )}
          {isOperator && <Deeds one={data} close={close} done={reload} />}
          <Facts list={[[words('source'), visible(data.source)], [words('author'), label(data.author)], [words('license'), label(data.license)], [words('tools'), data.allowed_tools && visible(data.allowed_tools.join(', '))], [words('hosts'), data.hosts.length > 0 && visible(data.hosts.join(', '))],
            [words('seen'), <Time key="i" at={data.installed_at * 1000} />], [words('enabledAt'), data.enabled_at && <Time key="e" at={data.enabled_at * 1000} />], [words('hash'), <span key="h" class="row"><code class="cut">{data.hash}</code><Copy text={data.hash} /></span>]]} />
          <h3>{words('files')}</h3>
          <ul class="rows">{data.files.map((file) => (
            <li key={file.path}><a class="grow cut" href={href('skills', name, { ...query, file: file.path })} aria-current={file.path === shown ? 'true' : undefined}>{label(file.path)}</a><span class="faint">{bytes(file.size)}</span></li>))}</ul>
          {shown && <File name={name} path={shown} />}
        </>
      )}
    </Beside>
  );
}

function File({ name, path }: { name: string; path: string }) {
  const { data, error } = useLive('skills.show', { name, path }, { on: ['skills.changed'] });
  const shown = data?.text;
  return <><h3>{visible(path)}</h3><p class="faint">{words('read')}</p><Failure error={error} />{shown !== undefined ? <Code value={shown} /> : data && <p class="soft">{words('binary')}</p>}</>;
}

export default function Skills({ route, role }: ViewProps) {
  const { query } = route;
  const isOperator = role === 'operator';
  const { data, error, reload } = useLive('skills.list', {}, { on: ['skills.changed'] });
  const [isInstalling, install] = useState(false);
  const find = (query['q'] ?? '').trim().toLowerCase(), which = query['show'] ?? 'all';
  const rows = data?.skills.filter((one) => `${one.name} ${one.description}`.toLowerCase().includes(find) && (which === 'all' || (which === 'on') === one.enabled)) ?? [];
  const button = isOperator && <Button kind="main" icon="plus" onClick={() => install(true)}>{words('install')}</Button>;
  const bar = (
    <>
      <Search value={query['q']} />
      <Choices label={words('state')} chosen={which} list={(['all', 'on', 'off'] as const).map((name) => ({ name, label: words(name), href: href('skills', null, { ...query, show: name === 'all' ? undefined : name }) }))} />
      <span class="grow" />{button}
    </>
  );
  return (
    <Work bar={bar} beside={route.what && <One key={route.what} name={route.what} path={query['file']} query={query} isOperator={isOperator} />}>
      <Failure error={error} retry={reload} />
      {data && <Table label={t('view.skills')} rows={rows} columns={columns()} keyOf={(one) => one.name} href={(one) => href('skills', one.name, { ...query, file: undefined })} chosen={route.what}
        empty={data.skills.length > 0 ? <NothingLikeThis /> : <Empty icon="book-open" title={words('none')}><p>{words('noneHelp')}</p>{button}</Empty>} />}
      {isInstalling && <Install close={() => install(false)} />}
    </Work>
  );
}
