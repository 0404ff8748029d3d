// All parts on one page, for those who change them.
import { useState } from 'preact/hooks';
import { Button, Code, Confirm, Dialog, Empty, Figure, Icon, Mark, Money, Note, Panel, Field, Tabs, Time } from '../parts/parts';
import { Refusal } from '../core/socket';
import { useAction } from '../core/live';
import { Failure } from '../parts/parts';
import { Markdown } from '../parts/markdown';
import { Table } from '../parts/table';
import { say } from '../parts/toasts';
import { href } from '../core/route';
import type { ViewProps } from './views';

const ROWS = Array.from({ length: 100_000 }, (_, i) => ({ id: `row-${i}`, n: i, name: `Row number ${i}` }));
const TEXT = `# A title

Some **strong** text, \`code\`, and a [link](https://example.com/?a=1&b=2); [no link](javascript:alert(1)).

- one
- <script>alert(1)</script> ![picture](https://example.com/x.png)

| a | b |
|---|---|
| 1 | 2 |

\`\`\`js
const a = 1 < 2;
\`\`\`
`;
const COLUMNS = [
  { name: 'id', label: 'Id', width: '8rem', cell: (row: typeof ROWS[number]) => <code>{row.id}</code> },
  { name: 'name', label: 'Name', width: 'minmax(8rem, 1fr)', cell: (row: typeof ROWS[number]) => row.name },
  { name: 'n', label: 'Number', width: '6rem', isNumber: true, cell: (row: typeof ROWS[number]) => <Money cents={row.n} /> },
];

export default function Parts({ route }: ViewProps) {
  const [text, setText] = useState('');
  const [open, setOpen] = useState<'dialog' | 'confirm' | null>(null);
  const nothing = useAction(async () => { setOpen(null); say('Done', () => say('Undone')); });
  return (
    <div class="stack">
      <Tabs chosen={route.query['tab'] ?? 'one'} list={[
        { name: 'one', label: 'view.overview', href: href('parts', null, { tab: 'one' }) },
        { name: 'two', label: 'view.chat', href: href('parts', null, { tab: 'two' }) }]} />
      <Panel title="Buttons and marks">
        <div class="row wrap">
          <Button kind="main" icon="check">Main</Button><Button>Other</Button><Button kind="risky" icon="trash-2">Risky</Button>
          <Button kind="plain" icon="ellipsis" label="More" /><Button disabled>Not now</Button>
          <Mark tone="good">good</Mark><Mark tone="warn">warn</Mark><Mark tone="bad" icon="circle-x">bad</Mark><Mark>plain</Mark>
          <Icon name="bot" /><Time at={Date.now() - 180_000} /><kbd>g</kbd><kbd>c</kbd>
          <Button onClick={() => setOpen('dialog')}>Dialog</Button><Button onClick={() => setOpen('confirm')}>Confirm</Button>
          <Button onClick={() => say('A notice', () => say('Undone'))}>Notice</Button>
        </div>
      </Panel>
      <div class="figures"><Figure label="Cost" value="$1.20" more="of $5" /><Figure label="Turns" value="1,204" /></div>
      <Panel title="Fields">
        <div class="stack">
          <Field label="Name" value={text} onInput={setText} help="What it is called" />
          <Field label="Name" value={text} onInput={setText} error="It must not be empty" />
          <Field label="Text" value={text} onInput={setText} lines={3} />
        </div>
      </Panel>
      <Panel title="Notes">
        <div class="stack"><Note>Plain</Note><Note tone="warn" icon="triangle-alert">Warning</Note><Failure error={new Refusal('not_found', 'There is no such thing.')} /><Code value={{ a: [1, 2], text: 'with ‮ inside' }} /></div>
      </Panel>
      <Panel title="A hundred thousand rows" flush>
        <div class="sample"><Table label="Rows" rows={ROWS} columns={COLUMNS} keyOf={(row) => row.id} href={(row) => href('parts', null, { row: row.id })} chosen={route.query['row'] ?? null} empty={null} /></div>
      </Panel>
      <Panel title="Markdown"><div class="stack"><Markdown text={TEXT} /></div></Panel>
      <Panel title="Empty" flush><Empty icon="inbox" title="Nothing is here"><p>What to do next.</p></Empty></Panel>
      {open === 'dialog' && <Dialog title="A dialog" onClose={() => setOpen(null)}>Text</Dialog>}
      {open === 'confirm' && <Confirm title="Delete it?" text="It cannot be taken back." label="Delete" action={nothing} onClose={() => setOpen(null)} />}
    </div>
  );
}
