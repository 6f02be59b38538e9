import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import type { ActivationDocument, EnvironmentDocument, ExecutionDocument } from './documents.ts';
import { doomed, floorOf, type History } from './retention.ts';
import { born, serving } from './testing/states.ts';

const known = serving(born(aRevision('shop', { services: [aService('web')] })));
const retention = { generations: 3, ms: 1_000 };
const now = 10_000;

type Draft = { readonly at?: number; readonly outcome?: ActivationDocument['outcome']; readonly claimed?: boolean };

/** Ready and claimed where nothing else is said, long ago. */
function historyOf(drafts: readonly Draft[], row: Partial<EnvironmentDocument> = {}): History {
  const activations = drafts.map(({ at = 0, outcome = 'ready' }, index) => {
    return { ...known.activation, generation: index + 1, at, outcome };
  });
  const executions = drafts.flatMap(({ claimed = true }, index) =>
    claimed ? [{ generation: index + 1 } as ExecutionDocument] : [],
  );
  const pointer = (generation: number) => ({ generation, revision: known.activation.revision });
  const newest = drafts.length;
  const pointers = { head: pointer(newest), target: pointer(newest), serving: pointer(newest), generation: newest };
  return { environment: { ...known.environment, ...pointers, open: [], ...row }, activations, executions };
}
const old = (count: number): Draft[] => Array.from({ length: count }, () => ({}));
const pointer = (generation: number) => ({ generation, revision: known.activation.revision });

test.each<readonly [string, History, number]>([
  ['keeps the newest', historyOf(old(10)), 8],
  ['keeps everything where there is little', historyOf(old(2)), 1],
  ['keeps what is young', historyOf([...old(4), ...old(6).map(() => ({ at: 9_500 }))]), 5],
  ['keeps what serves', historyOf(old(10), { serving: pointer(4) }), 4],
  ['keeps what is claimed', historyOf(old(10), { target: pointer(5) }), 5],
  ['keeps what is under way', historyOf(old(10), { open: [3, 10] }), 3],
  [
    'keeps what served as of the floor',
    historyOf([...old(5), { outcome: 'failed' }, { outcome: 'failed' }, { outcome: 'failed' }, ...old(2)]),
    5,
  ],
  [
    'keeps what was claimed as of the floor',
    historyOf([...old(6), { claimed: false }, { claimed: false }, ...old(2)]),
    6,
  ],
  ['never goes back', historyOf(old(10), { floor: 9 }), 9],
])('floorOf() %s', (_, history, floor) => {
  expect(floorOf(history, retention, now)).toBe(floor);
});

test('doomed() spares what is pinned and what has no outcome', () => {
  const history = historyOf([{}, { outcome: null }, {}, {}, {}]);
  const going = doomed({ history, floor: 5, pinned: new Set([3]) });
  expect(going.map(({ generation }) => generation)).toEqual([1, 4]);
});
