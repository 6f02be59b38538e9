import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { echo, serve } from './testing/echo-server.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = Object.fromEntries(
  [...readme.matchAll(/```ts (\w+)\n([\s\S]*?)```/g)].map(([, name = '', code = '']) => [name, code]),
);

const carried = { baggage: 'msx-env=one,user=7', 'x-msx-env': 'one' };
const within = `
  const own = '@microstax/propagate/context';
  const { runWithContext: within, readContext } = await import(own);
  const context = readContext({ baggage: 'user=7,msx-env=one' });
  const say = (value) => { console.log(JSON.stringify(value)); process.exit(0); };
`;
/** The server of an example, called with a context. */
const callIt = `
  setTimeout(async () => say(await (await fetch('http://127.0.0.1:' + port, { headers: { baggage: 'user=7,msx-env=one' } })).json()), 200);
`;

/** What stands around each example: what it takes as given, and what shows that it does what it says. */
const surroundings: Record<string, { readonly before?: string; readonly inside?: boolean; readonly after: string }> = {
  register: { after: callIt },
  http: { after: callIt },
  undici: { after: 'say(await (await within(context, call)).body.json());' },
  grpc: {
    before:
      "const address = '127.0.0.1:1'; const answer = () => current()?.env; const { currentContext: current } = await import(own);",
    after: `
      const { Metadata } = await import('@grpc/grpc-js');
      const metadata = new Metadata();
      let sent;
      const next = () => ({ start: (given) => { sent = given.getMap(); } });
      within(context, () => contextInterceptor({}, next).start(metadata));
      handler({ metadata }, (_, here) => say({ ...sent, here }));
      client.close();
    `,
  },
  nats: {
    before:
      'let sent; const body = ""; const connection = { publish: (_, __, how) => { sent = how; } }; const handle = () => current().env; const { currentContext: current } = await import(own);',
    inside: true,
    after:
      'say({ baggage: sent.headers.get("baggage"), "x-msx-env": sent.headers.get("x-msx-env"), here: take(sent) });',
  },
  kafka: {
    before:
      'let sent; const value = ""; const producer = { send: async ({ messages }) => { [sent] = messages; } }; const handle = () => current().env; const { currentContext: current } = await import(own);',
    inside: true,
    after: 'say({ ...sent.headers, here: eachMessage({ message: sent }) });',
  },
};

test('every example of the README has its test', () => {
  expect(Object.keys(examples).sort()).toEqual(Object.keys(surroundings).sort());
});

for (const [name, { before = '', inside = false, after }] of Object.entries(surroundings))
  test(`the README’s example "${name}" works`, async () => {
    await using last = await serve(echo);
    const lines = (examples[name] ?? '').split('\n');
    const imports = lines.filter((line) => line.startsWith('import ')).join('\n');
    const rest = lines.filter((line) => !line.startsWith('import ')).join('\n');
    const work = inside ? `await within(context, async () => { ${rest}\n ${after} });` : `${rest}\n${after}`;
    const given = `const upstream = ${JSON.stringify(last.url)}; const port = await freePort();`;
    const program = `${imports}\n${freePort}\n${within}\n${given}\n${before}\n${work}`;
    const cwd = new URL('..', import.meta.url);
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ ...carried, ...(inside || name === 'grpc' ? { here: 'one' } : {}) });
  });

const freePort = `
  const freePort = async () => {
    const { createServer: free } = await import('node:net');
    return new Promise((resolve) => {
      const server = free().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
    });
  };
`;
