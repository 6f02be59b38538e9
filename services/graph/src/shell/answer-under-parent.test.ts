import type { UnderParentReply, UnderParentRequest } from '@microstax/contracts/plan-requests';
import type { Composition } from '@microstax/model/composition';
import type { Difference } from '@microstax/model/difference';
import { defaultOrg as org } from '@microstax/model/names';
import type { Revision } from '@microstax/model/revision';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { GraphHands } from '../testing/graph-hands.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { answerUnderParent } from './answer-under-parent.ts';

const shop = (fee: string) =>
  aRevision('shop', { services: [aService('web'), aService('pay', { env: { FEE: fee } }), aService('cart')] });
const team = aRevision('team', { parent: 'shop', services: [aService('cart', { args: ['-team'] })] });
const feat = aRevision('feat', { parent: 'shop', services: [aService('pay', { env: { FEE: '2' } })] });

async function house(...revisions: readonly Revision[]) {
  const hands = new GraphHands(new MemoryStore());
  for (const revision of revisions) await hands.apply(revision);
  return (request: UnderParentRequest) => answerUnderParent(hands.graph, request, { org });
}

function derivedFrom(reply: UnderParentReply) {
  if (reply.kind !== 'derived') throw new Error(JSON.stringify(reply));
  const { artifacts } = reply;
  const composition = JSON.parse(artifacts.composition ?? '') as Composition;
  const difference = JSON.parse(artifacts.difference ?? '') as Difference;
  return {
    kinds: Object.keys(artifacts).sort(),
    remotes: Object.fromEntries(composition.services.map(({ name, remote }) => [name, remote?.env])),
    states: Object.fromEntries(difference.services.map(({ service, state }) => [service, state])),
  };
}

test('a generation is derived under another parent, with everything that the planner reads', async () => {
  const under = await house(shop('1'), team, feat);
  const reply = await under({ env: 'feat', parent: { env: 'team' } });
  expect(reply).toMatchObject({ kind: 'derived', parent: { env: 'team', generation: 1 } });
  expect(derivedFrom(reply)).toEqual({
    kinds: ['composition', 'derivation', 'difference', 'facts', 'policy', 'revision'],
    remotes: { cart: 'team', pay: 'shop', web: 'shop' },
    states: { cart: 'unchanged', pay: 'changed', web: 'unchanged' },
  });
});

test('a generation is derived under its parent as that was at another generation', async () => {
  const under = await house(shop('2'), feat, shop('3'));
  const now = await under({ env: 'feat', parent: { env: 'shop' } });
  const then = await under({ env: 'feat', parent: { env: 'shop', at: 1 } });
  expect(derivedFrom(now).states).toMatchObject({ pay: 'changed' });
  expect(derivedFrom(then).states).toMatchObject({ pay: 'unchanged' });
});

test('what could be no parent is refused as a commit refuses it, and what is not there is named', async () => {
  const under = await house(shop('1'), team, aRevision('deep', { parent: 'team' }));
  const codes = async (request: UnderParentRequest) => {
    const reply = await under(request);
    return reply.kind === 'refused' ? reply.findings.map(({ code }) => code) : reply.kind;
  };
  expect(await codes({ env: 'shop', parent: { env: 'team' } })).toEqual(['parent-not-allowed']);
  expect(await codes({ env: 'team', parent: { env: 'team' } })).toContain('lineage-cycle');
  expect(await codes({ env: 'team', parent: { env: 'deep' } })).toContain('lineage-cycle');
  expect(await under({ env: 'team', parent: { env: 'nowhere' } })).toMatchObject({
    kind: 'not found',
    what: 'environment "nowhere"',
  });
  expect(await under({ env: 'team', parent: { env: 'shop', at: 9 } })).toMatchObject({
    kind: 'not found',
    what: 'generation 9 of "shop"',
    known: ['1'],
  });
});
