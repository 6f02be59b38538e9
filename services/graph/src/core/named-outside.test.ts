import { must } from '@microstax/model/must';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import type { EnvironmentDocument } from './documents.ts';
import { namedOutside, namerChanges } from './named-outside.ts';
import { aState, born } from './testing/states.ts';

const shop = aRevision('shop', { services: [aService('web')], routing: { pools: ['spare', 'feat'] } });
const feat = aRevision('feat', {
  parent: 'shop',
  routing: { providers: { pay: 'tools', web: 'shop' }, pools: ['spare'] },
});
const tools = born(aRevision('tools', { services: [aService('pay')] }));
const head = must(tools.environment.head, 'what was derived has a head');
const outside = [{ environment: tools.environment, offer: head, chain: [tools.revision] }];
const next = {
  org: 'default',
  env: 'feat',
  names: ['spare', 'tools'],
  wanted: 'running',
} as unknown as EnvironmentDocument;
const keys = (places: readonly { readonly key: string }[]): string[] => places.map(({ key }) => key);

test('namedOutside() names what a lineage maps to or asks as a pool, and nobody inside of it', () => {
  expect(namedOutside(feat, [shop])).toEqual(['spare', 'tools']);
  expect(namedOutside(shop, [])).toEqual(['feat', 'spare']);
});

test('namerChanges() leads from everybody who is named anew, and bumps those who are known', () => {
  const { puts, removes } = namerChanges(aState(feat, [], { outside }), next);
  expect(keys(puts)).toEqual(['namer/default/spare/feat', 'namer/default/tools/feat', 'default/tools']);
  expect(puts[2]?.body).toMatchObject({ env: 'tools', touched: tools.environment.touched + 1 });
  expect(removes).toEqual([]);
});

test('namerChanges() writes nothing about who was named before, and takes away what is named no more', () => {
  const self = { ...next, names: ['old', 'spare', 'tools'] };
  const { puts, removes } = namerChanges(aState(feat, [], { outside, self }), next);
  expect([keys(puts), keys(removes)]).toEqual([[], ['namer/default/old/feat']]);
});

test('namerChanges() of a deleted name that is used again names all anew; who is stopped touches no other row', () => {
  const self = { ...next, wanted: 'deleted' } as const;
  expect(keys(namerChanges(aState(feat, [], { outside, self }), next).puts)).toHaveLength(3);
  expect(keys(namerChanges(aState(feat, [], { outside }), { ...next, wanted: 'stopped' }).puts)).toEqual([
    'namer/default/spare/feat',
    'namer/default/tools/feat',
  ]);
});
