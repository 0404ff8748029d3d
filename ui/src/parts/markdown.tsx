// Markdown as parts: read by `marked` into tokens, shown as elements. HTML in it is text; a link goes to the web or
// nowhere.
import { Fragment, type ComponentChildren } from 'preact';
import { lexer, type Token, type Tokens } from 'marked';

const MOST = 200_000;

function safe(href: string): string | undefined {
  try {
    const url = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}

// marked writes entities for what HTML would take; here nothing is HTML.
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const plain = (text: string) => text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '');

const many = (tokens: Token[] | undefined): ComponentChildren => tokens?.map((token, i) => <Fragment key={i}>{one(token)}</Fragment>);

function list(token: Tokens.List): ComponentChildren {
  const items = token.items.map((item, i) => <li key={i}>{item.task && <input type="checkbox" checked={item.checked ?? false} disabled />}{many(item.tokens)}</li>);
  return token.ordered ? <ol start={token.start === '' ? 1 : token.start}>{items}</ol> : <ul>{items}</ul>;
}

const table = (token: Tokens.Table): ComponentChildren => (
  <table>
    <thead><tr>{token.header.map((cell, i) => <th key={i}>{many(cell.tokens)}</th>)}</tr></thead>
    <tbody>{token.rows.map((row, i) => <tr key={i}>{row.map((cell, j) => <td key={j}>{many(cell.tokens)}</td>)}</tr>)}</tbody>
  </table>
);

function link(token: Tokens.Link): ComponentChildren {
  const href = safe(token.href);
  return href ? <a href={href} target="_blank" rel="noopener noreferrer">{many(token.tokens)}</a> : <span>{many(token.tokens)}</span>;
}

function one(token: Token): ComponentChildren {
  switch (token.type) {
    case 'space': case 'def': return null;
    case 'paragraph': return <p>{many(token.tokens)}</p>;
    case 'heading': return <h3>{many(token.tokens)}</h3>;
    case 'strong': return <strong>{many(token.tokens)}</strong>;
    case 'em': return <em>{many(token.tokens)}</em>;
    case 'del': return <del>{many(token.tokens)}</del>;
    case 'codespan': return <code>{plain((token as Tokens.Codespan).text)}</code>;
    case 'code': return <pre class="code" tabIndex={0}><code>{(token as Tokens.Code).text}</code></pre>;
    case 'blockquote': return <blockquote>{many(token.tokens)}</blockquote>;
    case 'list': return list(token as Tokens.List);
    case 'table': return table(token as Tokens.Table);
    case 'link': return link(token as Tokens.Link);
    case 'br': return <br />;
    case 'hr': return <hr />;
    case 'image': return <span>{(token as Tokens.Image).text || (token as Tokens.Image).href}</span>;
    case 'html': return token.raw;
    default: return 'tokens' in token && token.tokens ? many(token.tokens) : plain('text' in token ? String(token.text) : token.raw);
  }
}

export function Markdown({ text }: { text: string }) {
  return <div class="prose">{text.length > MOST ? text : many(lexer(text, { gfm: true, breaks: true }))}</div>;
}
