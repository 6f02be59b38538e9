import type { Revision } from '@microstax/model/revision';
import { lineages } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deriveArtifacts } from './derive-artifacts.ts';
import type { EnvironmentDocument } from './documents.ts';
import { aRequest, aState, born, type Known, serving } from './testing/states.ts';

/** What says whether an environment is up, and nothing of what it declares. */
const readiness: fc.Arbitrary<Partial<EnvironmentDocument>> = fc.record({
  epoch: fc.nat(9),
  journalLength: fc.nat(99),
  degraded: fc.boolean(),
  drifts: fc.array(fc.nat(), { maxLength: 2 }),
  touched: fc.nat(9),
  waitingFor: fc.subarray(['root', 'team']),
  open: fc.subarray([1]),
  execution: fc.constantFrom(null, { id: 'x', generation: 1, open: true }, { id: 'x', generation: 1, open: false }),
});

/** A name that was taken away and comes back has another identity, which these revisions do not know of. */
const acceptedLineages = lineages().filter((lineage) => {
  const gone = new Set<string>();
  return lineage.every(({ services }) => {
    if (services.some(({ kind, name }) => kind === 'run' && gone.has(name))) return false;
    for (const { kind, name } of services) if (kind === 'remove') gone.add(name);
    return true;
  });
});

test('difference and composition do not ask whether an ancestor is up', () => {
  fc.assert(
    fc.property(
      acceptedLineages,
      fc.array(fc.tuple(fc.boolean(), readiness), { minLength: 4, maxLength: 4 }),
      (lineage, drawn) => {
        const asleep = artifacts(lineage, (known) => known);
        const anyhow = artifacts(lineage, (known, depth) => {
          const [isServing, draft] = drawn[depth] ?? [false, {}];
          return isServing ? serving(known, draft) : { ...known, environment: { ...known.environment, ...draft } };
        });
        expect(anyhow.difference.bytes).toBe(asleep.difference.bytes);
        expect(anyhow.composition.bytes).toBe(asleep.composition.bytes);
        expect(anyhow.derivation.bytes).toBe(asleep.derivation.bytes);
      },
    ),
    { numRuns: 300 },
  );
});

test('difference and composition do not depend on which environments beside them were published before', () => {
  fc.assert(
    fc.property(acceptedLineages, fc.array(lineages(1), { maxLength: 3 }), (lineage, others) => {
      const alone = artifacts(lineage, (known) => known);
      const siblings = others.flatMap((other, index) => {
        const [revision] = other;
        return revision === undefined ? [] : [born({ ...revision, env: `sibling-${index}` }).environment];
      });
      const later = artifacts(lineage, (known) => known, siblings);
      // Siblings are facts for the validator, so the derivation differs by their digest alone.
      const { facts: _, ...inputs } = alone.derivation.value;
      expect(later.derivation.value).toMatchObject(inputs);
      expect(later.difference.value.services).toEqual(alone.difference.value.services);
      expect(later.composition.value.services).toEqual(alone.composition.value.services);
    }),
    { numRuns: 300 },
  );
});

/** The last environment of a lineage, derived over ancestors that are each born, then as `shown`. */
function artifacts(
  lineage: readonly Revision[],
  shown: (known: Known, depth: number) => Known,
  members: readonly EnvironmentDocument[] = [],
) {
  const above: Known[] = []; // nearest first
  for (const [depth, revision] of lineage.slice(0, -1).entries()) above.unshift(shown(born(revision, above), depth));
  const own = lineage.at(-1) as Revision;
  return deriveArtifacts(aRequest(own.env), aState(own, above, { members }));
}
