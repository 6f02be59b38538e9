import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { decideText } from './testing/decide-text.ts';

vi.setConfig({ testTimeout: 60_000 }); // many runs, on a machine that is shared

const secret = 'hunter2-is-the-secret';

/** Somewhere in a service where a secret is typed by mistake or in despair. */
const places: readonly ((value: unknown) => object)[] = [
  (value) => ({ secrets: [{ name: 'db', envKey: 'DB', value }] }),
  (value) => ({ secrets: [{ name: 'db', envKey: 'DB', valeu: value }] }),
  (value) => ({ secrets: [{ name: value, envKey: 'DB', value: 'auto-generated' }] }),
  (value) => ({ secrets: [{ name: 'db', envKey: value, value: 'auto-generated' }] }),
  (value) => ({ secrets: { DB: value } }),
  (value) => ({ secrets: value }),
  (value) => ({ secrets: [value] }),
  (value) => ({ env: { A: [value], B: { x: value }, C: `\${${secret}}` }, args: [{ a: value }, value, null] }),
  (value) => ({ run: { command: [value, [value]], cwd: value } }),
  (value) => ({ env: { A: value }, secret: value, secrests: [{ value }] }),
  (value) => ({ secrets: [{ name: 'db', envKey: 'DB', ref: value }] }),
  (value) => ({ secrets: [{ name: 'db', envKey: 'DB', value: 'auto-generated', ref: value, key: value }] }),
  (value) => ({ image: 'x', command: [value, [value]], args: value }),
  (value) => ({ mocks: { mode: 'replace', image: 'x', env: { A: value, B: [value] }, args: [[value], value] } }),
  (value) => ({ mocks: { mode: 'replace', run: { command: [value, { a: value }], cwd: [value] } } }),
  (value) => ({
    init: [{ script: value }, { command: [value, [value]] }, { type: 'sql', command: value, script: value }],
  }),
  (value) => ({ probes: { readiness: { http: { port: 1, headers: { Authorization: value, Cookie: [value] } } } } }),
  (value) => ({ probes: { liveness: { exec: { command: [[value], value] } } } }),
  (value) => ({ volumes: [{ name: 'a', mountPath: '/a', type: 'config', files: { a: value, b: [value] } }] }),
];

const asKey = (value: unknown): object => ({ secrets: [{ [secret]: value }] });

/** The same typed into a plan. */
const planned = (value: unknown): string =>
  stringify({
    name: 'shop',
    plan: 'p',
    plans: { p: { services: { db: { env: { A: value, B: [value] }, args: [value, [value]] } } } },
    services: [{ name: 'db', run: { command: 'db' } }],
  });

const whole = ([place, value]: readonly [(value: unknown) => object, unknown]): string =>
  stringify({ name: 'shop', services: [{ name: 'db', run: { command: 'db' }, ...place(value) }] });

function expectUnsaid(text: string): void {
  const said = decideText(text).findings.map(({ code, subject, reason, next }) => [code, subject, reason, next]);
  expect(JSON.stringify(said), text).not.toContain('hunter2');
}

test('no finding says a secret, wherever it was typed', () => {
  const values = [secret, `  ${secret}`, [secret], { [secret]: secret }, `!${secret}`, `"${secret}`, null];
  for (const place of [...places, asKey]) for (const value of values) expectUnsaid(whole([place, value]));
  for (const value of values) expectUnsaid(planned(value));
});

test('no finding says a secret, however broken the text around it is', () => {
  const value = fc.constantFrom<unknown>(secret, `  ${secret}`, [secret], `!${secret}`, `"${secret}`);
  const dirt = fc.constantFrom('"', "'", '}', ': ', '\n', '\n  ', '&', '*', '!', '%', '|', '- ', '? ', '${', '#');
  fc.assert(
    fc.property(fc.tuple(fc.constantFrom(...places), value), dirt, fc.nat({ max: 400 }), (typed, spilled, at) => {
      const text = whole(typed);
      expectUnsaid(`${text.slice(0, at)}${spilled}${text.slice(at)}`);
    }),
    { numRuns: 1_000 },
  );
});
