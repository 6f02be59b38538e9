import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readContext } from '@microstax/propagate/context';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { aFamily } from './family.ts';
import { answers, cases, type Headers, textOf, wantedFor } from './obedience.ts';

/** The registry's entries are what docs/artifacts.md says of them, and the client printed there looks up what records say. */

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'artifacts.md'), 'utf8');

const text = { type: 'string' } as const;
const answer = {
  oneOf: [
    shape({ env: text, service: text }),
    shape({ external: { type: 'string', pattern: ':[0-9]+$' }, port: text }),
    shape({ denied: text, status: { enum: [403, 404, 503] } }),
  ],
};
const entries = {
  type: 'array',
  items: shape({
    ...{ id: text, env: text, service: text, identity: text, tier: text, headerName: text },
    ports: { type: 'array', items: shape({ name: text, protocol: text, number: { type: ['integer', 'null'] } }) },
    answer,
    contexts: { type: 'object', additionalProperties: answer },
    unknown: answer,
  }),
};

function shape(properties: Readonly<Record<string, object>>) {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

test('every entry has the documented fields and no others', () => {
  const [shop, ...others] = aFamily({
    unknown: 'deny',
    environments: [
      { env: 'shop', parent: null, value: 'shop', does: { pay: 'runs', mail: 'maps', vault: 'maps to a number' } },
      { env: 'feat', parent: 'shop', value: 'feat', does: { pay: 'denies', mail: 'inherits', vault: 'pools' } },
    ],
  });
  if (shop === undefined) throw new Error('a family has its root');
  const isRight = new Ajv({ allowUnionTypes: true }).compile(entries);
  for (const listener of [shop, ...others]) {
    const list: unknown = JSON.parse(textOf('registry', { listener, others: [shop, ...others] }));
    expect(isRight(list), JSON.stringify(isRight.errors)).toBe(true);
  }
  const documented = [...page.matchAll(/^\| (`.+?`) \| .*\|$/gm)].flatMap(([, words = '']) =>
    [...words.matchAll(/`(\w+)`/g)].map(([, word]) => word),
  );
  for (const field of Object.keys(entries.items.properties)) expect(documented).toContain(field);
});

test('the client of the page looks up what the records say', async () => {
  const [, code = ''] = /```ts client\n([\s\S]*?)```/.exec(page) ?? [];
  const body = code.replace(/^import .*$/m, '').replace('export function', 'return function');
  const lookUp = new Function('readContext', body)(readContext) as Client;
  const list = JSON.parse(textOf('registry'));
  for (const one of answers)
    for (const headers of cases) {
      const found = lookUp(list, one.env, one.service, headers);
      const said = 'denied' in found ? `denied.${found.status}.${found.denied}` : `http.${found.service}.${found.env}`;
      expect(said, `${one.service} ${JSON.stringify(headers)}`).toBe(wantedFor(one, headers));
    }
});

type Found = { readonly env: string; readonly service: string } | { readonly denied: string; readonly status: number };
type Client = (entries: unknown, env: string, service: string, headers: Headers) => Found;
