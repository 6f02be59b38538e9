import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { decideText } from './testing/decide-text.ts';

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
  (value) => ({ secrets: [{ [secret]: value }] }),
  (value) => ({ env: { A: [value], B: { x: value }, C: `\${${secret}}` }, args: [{ a: value }, value, null] }),
  (value) => ({ run: { command: [value, [value]], cwd: value } }),
  (value) => ({ env: { A: value }, secret: value, secrests: [{ value }] }),
];

test('no finding says a secret, wherever it was typed and however broken the text is', () => {
  const value = fc.constantFrom<unknown>(
    secret,
    `  ${secret}`,
    [secret],
    { [secret]: secret },
    `!${secret}`,
    `"${secret}`,
  );
  const text = fc
    .tuple(
      fc.constantFrom(...places),
      value,
      fc.nat({ max: 400 }),
      fc.constantFrom('', '"', '}', ': ', '\n', '&', '*', '!', '%', '|'),
    )
    .map(([place, typed, at, dirt]) => {
      const whole = stringify({ name: 'shop', services: [{ name: 'db', run: { command: 'db' }, ...place(typed) }] });
      return dirt === '' ? whole : `${whole.slice(0, at)}${dirt}${whole.slice(at)}`;
    });
  fc.assert(
    fc.property(text, (written) => {
      const decision = decideText(written);
      const said = decision.findings.map(({ code, subject, reason, next }) => [code, subject, reason, next]);
      expect(JSON.stringify(said), written).not.toContain('hunter2');
    }),
    { numRuns: 3_000 },
  );
});
