// bench/peers/item.mjs -- the check of the JSON route, by hand: what is fastest in JavaScript (a validator that
// compiles, as zod or TypeBox, comes near at best).  For Node and Bun.

// The field that is wrong, or undefined.
export function wrong(body) {
  if (typeof body !== 'object' || body === null) return '';
  if (typeof body.id !== 'string' || body.id.length > 64) return 'id';
  if (typeof body.name !== 'string' || body.name.length > 100) return 'name';
  if (!Number.isInteger(body.price) || body.price < 1 || body.price > 1e9) return 'price';
  if (!Array.isArray(body.tags) || body.tags.length > 10) return 'tags';
  for (const t of body.tags) if (typeof t !== 'string' || t.length > 40) return 'tags';
  if (typeof body.active !== 'boolean') return 'active';
}

export const priced = ({ id, name, price, tags, active }) => ({ id, name, price, tags, active, total: price * 2 });

export const refusal = (error, path) => ({ error, details: [{ path }] });
