// spec/e2e/sdk_client.mjs -- the vendors' SDKs at a server: a request on standard input ({dialect, url, stream, request}), what
// the SDK made of the answer on standard output ({text, calls: [{name, arguments}], stop, usage: [in, out]}).  Needs Node 22.
import { text as read } from 'node:stream/consumers';

const call = (name, args) => ({ name, arguments: typeof args === 'string' ? JSON.parse(args) : args });

const ASK = {
  async openai({ url, stream, request }) {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ apiKey: 'k', baseURL: url, maxRetries: 0 });
    const done = stream ? await client.chat.completions.stream(request).finalChatCompletion() : await client.chat.completions.create(request);
    const [{ message, finish_reason }] = done.choices;
    return { text: message.content ?? '', calls: (message.tool_calls ?? []).map((c) => call(c.function.name, c.function.arguments)), stop: finish_reason,
      usage: [done.usage.prompt_tokens, done.usage.completion_tokens] };
  },
  async anthropic({ url, stream, request }) {
    const { default: Anthropic } = await import('@anthropic-ai/sdk');
    const client = new Anthropic({ apiKey: 'k', baseURL: url.replace(/\/v1$/, ''), maxRetries: 0 });
    const done = stream ? await client.messages.stream(request).finalMessage() : await client.messages.create(request);
    return { text: done.content.filter((b) => b.type === 'text').map((b) => b.text).join(''),
      calls: done.content.filter((b) => b.type === 'tool_use').map((b) => call(b.name, b.input)), stop: done.stop_reason,
      usage: [done.usage.input_tokens, done.usage.output_tokens] };
  },
  async gemini({ url, stream, request }) {
    const { GoogleGenAI } = await import('@google/genai');
    const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: url.replace(/\/v1beta$/, ''), apiVersion: 'v1beta' } });
    const list = [];
    if (stream) for await (const part of await client.models.generateContentStream(request)) list.push(part);
    else list.push(await client.models.generateContent(request));
    const parts = list.flatMap((r) => r.candidates?.[0]?.content?.parts ?? []), last = list.at(-1);
    return { text: parts.map((p) => p.text ?? '').join(''), calls: list.flatMap((r) => r.functionCalls ?? []).map((c) => call(c.name, c.args)),
      stop: last.candidates[0].finishReason, usage: [last.usageMetadata.promptTokenCount, last.usageMetadata.candidatesTokenCount] };
  },
  async ollama({ url, stream, request }) {
    const { Ollama } = await import('ollama');
    const client = new Ollama({ host: url }), list = [];
    if (stream) for await (const part of await client.chat({ ...request, stream: true })) list.push(part);
    else list.push(await client.chat(request));
    const last = list.at(-1);
    return { text: list.map((r) => r.message.content).join(''),
      calls: list.flatMap((r) => r.message.tool_calls ?? []).map((c) => call(c.function.name, c.function.arguments)), stop: last.done_reason,
      usage: [last.prompt_eval_count, last.eval_count] };
  },
};

const wanted = JSON.parse(await read(process.stdin));
process.stdout.write(JSON.stringify(await ASK[wanted.dialect](wanted)));
