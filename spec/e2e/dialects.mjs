// spec/e2e/dialects.mjs -- complete answers of the vendors' servers, as their own SDKs expect them.
// answer: {text, pieces (of the text), calls: [{id, name, arguments}], stop: 'stop' | 'length' | 'tool_calls', usage: [in, out]}.
// Each dialect has url(base), type (of the stream), stream(answer), document(answer), wants(request): is it for a stream.

export const sse = (...events) => events.map((e) => `data: ${typeof e === 'string' ? e : JSON.stringify(e)}\n\n`).join('');
export const named = (...events) => events.map((e) => `event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`).join('');
export const lines = (...events) => events.map((e) => `${JSON.stringify(e)}\n`).join('');

const whole = (answer) => ({ calls: [], stop: answer.calls?.length ? 'tool_calls' : 'stop', usage: [12, 7], ...answer,
  pieces: answer.pieces ?? [answer.text].filter(Boolean), text: answer.text ?? answer.pieces?.join('') ?? '' });
const halves = (text) => [text.slice(0, 5), text.slice(5)];

// OpenAI -------------------------------------------------------------------------------------------------------

const counted = ([input, output]) => ({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output });
const called = (c) => ({ id: c.id, type: 'function', function: { name: c.name, arguments: JSON.stringify(c.arguments) } });
const chunk = (delta, finish_reason = null, more = {}) => ({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1764237600, model: 'm',
  system_fingerprint: null, choices: [{ index: 0, delta, logprobs: null, finish_reason }], usage: null, ...more });

export const openai = {
  type: 'text/event-stream', url: (base) => `${base}/v1`, wants: (request) => request.body.stream === true,
  stream(answer) {
    const { pieces, calls, stop, usage } = whole(answer);
    const parts = calls.flatMap((c, index) => {
      const [head, tail] = halves(JSON.stringify(c.arguments));
      return [chunk({ tool_calls: [{ index, id: c.id, type: 'function', function: { name: c.name, arguments: '' } }] }),
        ...[head, tail].map((t) => chunk({ tool_calls: [{ index, function: { arguments: t } }] }))];
    });
    return sse(chunk({ role: 'assistant', content: calls.length && !pieces.length ? null : '', refusal: null }),
      ...pieces.map((content) => chunk({ content })), ...parts, chunk({}, stop), chunk({}, null, { choices: [], usage: counted(usage) }), '[DONE]');
  },
  document(answer) {
    const { text, calls, stop, usage } = whole(answer);
    return { id: 'chatcmpl-1', object: 'chat.completion', created: 1764237600, model: 'm', choices: [{ index: 0, finish_reason: stop, logprobs: null,
      message: { role: 'assistant', content: text || null, refusal: null, ...(calls.length && { tool_calls: calls.map(called) }) } }], usage: counted(usage) };
  },
};

// Anthropic ----------------------------------------------------------------------------------------------------

const ENDS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' };
const message = (input, more) => ({ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: null, stop_sequence: null,
  usage: { input_tokens: input, output_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }, ...more });

export const anthropic = {
  type: 'text/event-stream', url: (base) => `${base}/v1`, wants: (request) => request.body.stream === true,
  stream(answer) {
    const { pieces, calls, stop, usage } = whole(answer), blocks = [];
    if (pieces.length) blocks.push([{ type: 'text', text: '' }, ...pieces.map((text) => ({ type: 'text_delta', text }))]);
    for (const c of calls) {
      blocks.push([{ type: 'tool_use', id: c.id, name: c.name, input: {} },
        ...['', ...halves(JSON.stringify(c.arguments))].map((partial_json) => ({ type: 'input_json_delta', partial_json }))]);
    }
    return named({ type: 'message_start', message: message(usage[0]) }, { type: 'ping' },
      ...blocks.flatMap(([content_block, ...deltas], index) => [{ type: 'content_block_start', index, content_block },
        ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })), { type: 'content_block_stop', index }]),
      { type: 'message_delta', delta: { stop_reason: ENDS[stop], stop_sequence: null }, usage: { output_tokens: usage[1] } }, { type: 'message_stop' });
  },
  document(answer) {
    const { text, calls, stop, usage } = whole(answer);
    const content = [...(text ? [{ type: 'text', text }] : []), ...calls.map((c) => ({ type: 'tool_use', id: c.id, name: c.name, input: c.arguments }))];
    const done = message(usage[0], { content, stop_reason: ENDS[stop] });
    return { ...done, usage: { ...done.usage, output_tokens: usage[1] } };
  },
};

// Gemini -------------------------------------------------------------------------------------------------------

const candidate = (parts, finishReason, usage) => ({ candidates: [{ content: { parts, role: 'model' }, index: 0, ...(finishReason && { finishReason }) }],
  ...(usage && { usageMetadata: { promptTokenCount: usage[0], candidatesTokenCount: usage[1], totalTokenCount: usage[0] + usage[1] } }),
  modelVersion: 'm', responseId: 'r' });
const FINISH = { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP' };
const functionCall = (c) => ({ functionCall: { id: c.id, name: c.name, args: c.arguments } });

export const gemini = {
  type: 'text/event-stream', url: (base) => `${base}/v1beta`, wants: (request) => request.url.includes(':streamGenerateContent'),
  stream(answer) {
    const { pieces, calls, stop, usage } = whole(answer);
    return sse(...pieces.map((text) => candidate([{ text }])), ...calls.map((c) => candidate([functionCall(c)])), candidate([{ text: '' }], FINISH[stop], usage));
  },
  document(answer) {
    const { text, calls, stop, usage } = whole(answer);
    return candidate([...(text ? [{ text }] : []), ...calls.map(functionCall)], FINISH[stop], usage);
  },
};

// Ollama -------------------------------------------------------------------------------------------------------

const turn = (m, more = { done: false }) => ({ model: 'm', created_at: '2025-11-27T10:00:00.000000Z', message: { role: 'assistant', content: '', ...m }, ...more });
const ended = ({ stop, usage }) => ({ done: true, done_reason: stop === 'length' ? 'length' : 'stop', total_duration: 5, load_duration: 1,
  prompt_eval_count: usage[0], prompt_eval_duration: 1, eval_count: usage[1], eval_duration: 1 });
const bare = (c) => ({ function: { name: c.name, arguments: c.arguments } });

export const ollama = {
  type: 'application/x-ndjson', url: (base) => base, wants: (request) => request.body.stream === true,
  stream(answer) {
    const all = whole(answer);
    return lines(...all.pieces.map((content) => turn({ content })), ...all.calls.map((c) => turn({ tool_calls: [bare(c)] })), turn({}, ended(all)));
  },
  document(answer) {
    const all = whole(answer);
    return turn({ content: all.text, ...(all.calls.length && { tool_calls: all.calls.map(bare) }) }, ended(all));
  },
};
