// The tree of scripts: folders, a filter, and what each file is. Arrows walk along it.
import { useEffect, useRef } from 'preact/hooks';
import { useKeys } from '../core/keys';
import { href, refine } from '../core/route';
import type { Result } from '../core/socket';
import { number, texts } from '../core/text';
import { Button, Empty, Icon } from '../parts/parts';
import type { IconName } from '../parts/shapes';
import { scripts } from '../text/scripts';

const words = texts(scripts);
export type Listed = Result<'scripts.list'>['files'][number];
const MOST = 300;                              // of what a filter finds

interface Props {
  files: ReadonlyArray<Listed>;
  query: Readonly<Record<string, string>>;
  chosen: string | null;
  drafts: ReadonlyMap<string, unknown>;
}

const isChanged = (file: Listed, drafts: Props['drafts']) => file.state !== 'shipped' || file.pending !== undefined || drafts.has(file.path);

/** What is remarkable of a file, for eyes and for screen readers. */
export function marksOf(file: Listed, isDraft: boolean): { icon: IconName; tone: string; text: string }[] {
  return [
    ...(isDraft ? [{ icon: 'pencil' as const, tone: 'warn', text: words('unsaved') }] : []),
    ...(file.pending ? [{ icon: 'clock' as const, tone: 'warn', text: words('pending') }] : []),
    ...(file.is_outdated ? [{ icon: 'triangle-alert' as const, tone: 'bad', text: words('outdated') }] : []),
    ...(file.state === 'overridden' ? [{ icon: 'layers' as const, tone: 'accent', text: words('overridden') }] : []),
    ...(file.state === 'own' ? [{ icon: 'user' as const, tone: 'accent', text: words('own') }] : []),
  ];
}

function File({ file, name, query, chosen, drafts }: Omit<Props, 'files'> & { file: Listed; name: string }) {
  const isNow = file.path === chosen;
  const line = useRef<HTMLAnchorElement>(null);
  useEffect(() => { if (isNow) line.current?.scrollIntoView({ block: 'nearest' }); }, [isNow]);
  return (
    <a ref={line} class="file" href={href('scripts', file.path, query)} aria-current={isNow ? 'page' : undefined} title={file.path}>
      <span class="cut grow" dir="ltr">{name}</span>
      {marksOf(file, drafts.has(file.path)).map((mark) => (
        <span key={mark.icon} class={`sign ${mark.tone}`} title={mark.text}><Icon name={mark.icon} /><span class="unseen">{mark.text}</span></span>))}
    </a>
  );
}

const folderOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function folders(files: ReadonlyArray<Listed>): [string, Listed[]][] {
  const found = new Map<string, Listed[]>();
  for (const file of files) {
    const at = folderOf(file.path);
    found.set(at, [...(found.get(at) ?? []), file]);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function walk(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('a.file, summary, input')].filter((el) => el.checkVisibility());
  const at = all.indexOf(document.activeElement as HTMLElement);
  const next = all[at + (event.key === 'ArrowDown' ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

export function Tree({ files, query, chosen, drafts }: Props) {
  const box = useRef<HTMLInputElement>(null);
  useKeys('/', 'scripts.find', () => box.current?.focus());
  const q = (query['q'] ?? '').trim().toLowerCase();
  const only = query['only'] ?? 'all';
  const wanted = files.filter((file) => (only === 'all' || (only === 'rules' ? file.is_rule : isChanged(file, drafts)))
    && file.path.toLowerCase().includes(q));
  const isFlat = q !== '' || only === 'changed';
  const shared = { query, chosen, drafts };
  return (
    <nav class="tree" aria-label={words('tree')} onKeyDown={walk}>
      <input ref={box} class="input" type="search" aria-label={words('filter')} placeholder={`${words('filterHint')}  /`} value={query['q'] ?? ''} dir="ltr"
        onInput={(event) => refine({ q: event.currentTarget.value || undefined })} />
      <div class="row choice" role="group" aria-label={words('only')}>
        {(['all', 'changed', 'rules'] as const).map((name) => (
          <button key={name} type="button" class="button" aria-pressed={only === name} onClick={() => refine({ only: name === 'all' ? undefined : name })}>
            {words(name)} <span class="soft">{number(files.filter((file) => (name === 'all' || (name === 'rules' ? file.is_rule : isChanged(file, drafts)))).length)}</span>
          </button>))}
      </div>
      <div class="files">
        {wanted.length === 0 && (q === '' && only === 'changed'
          ? <p class="soft">{words('noneChanged')}</p>
          : <Empty icon="search" title={words('noneFound')}><Button onClick={() => refine({ q: undefined, only: undefined })}>{words('all')}</Button></Empty>)}
        {isFlat ? wanted.slice(0, MOST).map((file) => <File key={file.path} file={file} name={file.path} {...shared} />)
          : folders(wanted).map(([folder, list]) => (folder === '' ? list.map((file) => <File key={file.path} file={file} name={file.path} {...shared} />) : (
            <details key={folder} open={(chosen !== null && folder === folderOf(chosen)) || only === 'rules'}>
              <summary><Icon name="chevron-right" /><span class="cut grow" dir="ltr">{folder}</span>
                {list.some((file) => isChanged(file, drafts)) && <span class="sign accent" title={words('changed')}><Icon name="circle-dot" /><span class="unseen">{words('changed')}</span></span>}
                <span class="faint">{number(list.length)}</span></summary>
              {list.map((file) => <File key={file.path} file={file} name={file.path.slice(folder.length + 1)} {...shared} />)}
            </details>)))}
      </div>
    </nav>
  );
}
