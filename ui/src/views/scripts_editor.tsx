// The editor of scripts: CodeMirror, a chunk of its own. It lives in a shadow root, where its style sheets are adopted:
// the page's policy allows no style element. The server's problems are its marks; a diff is against the shipped text.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { lua } from '@codemirror/legacy-modes/mode/lua';
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'preact/hooks';

export interface Mark {
  line: number;
  message: string;
  isGood?: boolean;
}

interface Props {
  /** Names what is edited: another one begins with an empty history. */
  name: string;
  label: string;
  text: string;
  /** What the diff is against; none: no diff. */
  against: string | undefined;
  isReadOnly: boolean;
  marks: ReadonlyArray<Mark>;
  /** A line to show, once for each new object. */
  place?: { line: number } | undefined;
  onInput: (text: string) => void;
  onSave: () => void;
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--code-word)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.atom], color: 'var(--warn)' },
  { tag: tags.comment, color: 'var(--text-faint)', fontStyle: 'italic' },
  { tag: [tags.standard(tags.variableName), tags.definition(tags.variableName)], color: 'var(--accent)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--panel)', color: 'var(--text)', fontSize: '0.8125rem' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--text)', paddingBlock: '0.5rem' },
  '.cm-cursor': { borderInlineStartColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--panel)', color: 'var(--text-faint)', borderInlineEnd: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in oklab, var(--hover) 60%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--hover)', color: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--chosen)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--warn-ground)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--chosen)', outline: '1px solid var(--line-strong)' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--text)' },
  '.cm-panel input, .cm-panel button': { color: 'inherit', background: 'var(--panel)', backgroundImage: 'none', border: '1px solid var(--line-strong)', borderRadius: '0.25rem' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--text)', border: '1px solid var(--line-strong)', borderRadius: '0.375rem' },
  '.cm-diagnostic': { fontFamily: 'var(--font)', maxWidth: '36rem', overflowWrap: 'anywhere' },
  '.cm-diagnostic-error': { borderInlineStart: '3px solid var(--bad)' },
  // Pictures in style sheets are refused by the page's policy.
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)', textDecorationSkipInk: 'none' },
  '.cm-lint-marker-error': { content: '""', width: '0.625rem', height: '0.625rem', margin: '0.25rem 0.125rem', borderRadius: '50%', background: 'var(--bad)' },
  '.cm-panel.cm-search': { padding: '0.375rem 0.75rem' },
  '.cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label': { fontSize: '0.75rem' },
  '.cm-deletedChunk': { backgroundColor: 'var(--bad-ground)' },
  '&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine': { backgroundColor: 'var(--good-ground)' },
  '&.cm-merge-b .cm-changedText, &.cm-merge-b .cm-deletedChunk .cm-deletedText': { background: 'color-mix(in oklab, currentColor 16%, transparent)' },
  '.cm-collapsedLines': { background: 'var(--hover)', color: 'var(--text-soft)', backgroundImage: 'none' },
});

const merged = (against: string | undefined) => (against === undefined ? []
  : unifiedMergeView({ original: against, mergeControls: false, collapseUnchanged: { margin: 3, minSize: 6 }, gutter: true }));
const locked = (isReadOnly: boolean) => [EditorState.readOnly.of(isReadOnly)];

function diagnostics(state: EditorState, marks: ReadonlyArray<Mark>): Diagnostic[] {
  return marks.map(({ line, message }) => {
    const at = state.doc.line(Math.min(Math.max(1, line), state.doc.lines));
    const indent = at.text.length - at.text.trimStart().length;
    return { from: Math.min(at.from + indent, at.to), to: at.to, severity: 'error' as const, message };
  });
}

export default function Editor({ name, label, text, against, isReadOnly, marks, place, onInput, onSave }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const parts = useRef({ diff: new Compartment(), lock: new Compartment() });
  const heard = useRef({ onInput, onSave });
  heard.current = { onInput, onSave };

  useEffect(() => {
    const el = box.current;
    if (!el) return undefined;
    const root = el.shadowRoot ?? el.attachShadow({ mode: 'open' });
    const { diff, lock } = parts.current;
    const made = new EditorView({
      root,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(), history(), drawSelection(), indentOnInput(), indentUnit.of('  '), bracketMatching(), highlightActiveLine(),
          highlightActiveLineGutter(), highlightSelectionMatches(), search({ top: true }), lintGutter(),
          StreamLanguage.define(lua), syntaxHighlighting(colours), look,
          // Tab goes on to what is next, as everywhere on the page.
          keymap.of([{ key: 'Mod-s', run: () => { heard.current.onSave(); return true; } }, ...defaultKeymap, ...historyKeymap, ...searchKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
          EditorView.updateListener.of((update) => { if (update.docChanged) heard.current.onInput(update.state.doc.toString()); }),
          diff.of(merged(against)), lock.of(locked(isReadOnly)),
        ],
      }),
    });
    root.append(made.dom);
    view.current = made;
    return () => { made.destroy(); view.current = undefined; };
  }, [name]);

  // A text from elsewhere: what was saved, undone, or brought back.
  useEffect(() => {
    const now = view.current;
    const was = now?.state.doc.toString();
    if (now && was !== text) now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: text } });
  }, [text]);
  useEffect(() => { view.current?.dispatch({ effects: parts.current.diff.reconfigure(merged(against)) }); }, [against]);
  useEffect(() => { view.current?.dispatch({ effects: parts.current.lock.reconfigure(locked(isReadOnly)) }); }, [isReadOnly]);
  useEffect(() => {
    const now = view.current;
    if (now) now.dispatch(setDiagnostics(now.state, diagnostics(now.state, marks)));
  }, [marks, name]);
  useEffect(() => {
    const now = view.current;
    if (!now || !place) return;
    const at = now.state.doc.line(Math.min(Math.max(1, place.line), now.state.doc.lines));
    now.dispatch({ selection: { anchor: at.from }, effects: EditorView.scrollIntoView(at.from, { y: 'center' }) });
    now.focus();
  }, [place]);

  return <div ref={box} class="editor" dir="ltr" />;
}
