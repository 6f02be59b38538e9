import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { writeRevision } from './stored/write-revision.ts';
import { decideText, revisionOfText, sayings } from './testing/decide-text.ts';
import { chooser, meaning, spell } from './testing/spell.ts';

const long = process.env.MSX_ORACLE === 'long';
vi.setConfig({ testTimeout: long ? 3_600_000 : 120_000 }); // many runs, on a machine that is shared

// The same Blueprint in any spelling is the same revision: keys, services, ports, variables, volumes and dependencies in
// any order, YAML or JSON, list or map, short or long, defaults stated or not, quantities and durations in any unit,
// numbers quoted or not, values in the service or in the plan that is chosen.

function revisionOf(text: string): string {
  const decision = decideText(text);
  return decision.kind === 'accepted' ? decision.revision.digest : `${text}\n${sayings(decision).join('\n')}`;
}

const seeds = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 40, maxLength: 200 });

test('a Blueprint in any spelling is one revision', () => {
  fc.assert(
    fc.property(meaning, seeds, seeds, (what, one, other) => {
      const first = revisionOf(spell(what, chooser(one)));
      expect(first).toMatch(/^sha256:/);
      expect(revisionOf(spell(what, chooser(other)))).toBe(first);
    }),
    { numRuns: long ? 5_000 : 300 },
  );
});

test('a revision that is written as a Blueprint again is the same revision', () => {
  fc.assert(
    fc.property(meaning, seeds, (what, seed) => {
      const text = spell(what, chooser(seed));
      expect(revisionOf(JSON.stringify({ name: 'shop', ...writeRevision(revisionOfText(text)) }))).toBe(
        revisionOf(text),
      );
    }),
    { numRuns: long ? 2_000 : 100 },
  );
});

test('what two Blueprints say differently makes them two revisions', () => {
  fc.assert(
    fc.property(meaning, meaning, seeds, (one, other, seed) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other) && one.ttlSeconds !== other.ttlSeconds);
      expect(revisionOf(spell(one, chooser(seed)))).not.toBe(revisionOf(spell(other, chooser(seed))));
    }),
    { numRuns: 50 },
  );
  const text = (port: number): string =>
    `name: shop\nservices: { web: { run: { command: node }, ports: [${port}] } }\n`;
  expect(revisionOf(text(8080))).not.toBe(revisionOf(text(8081)));
});
