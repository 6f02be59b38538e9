import { serviceIdentity } from '@microstax/model/service-identity';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { lineages } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { effectiveChain } from './effective-graph.ts';
import { environmentView } from './view.ts';

const shop = aRevision('shop', { services: [aService('web'), aService('pay')] });
const team = aRevision('team', { parent: 'shop', routing: { value: 'blue' } });

test('environmentView() of a root names itself as root and lists effective services with their ports by name', () => {
  const identity = (firstName: string) => serviceIdentity({ org: 'default', project: 'shop', firstName, ordinal: 1 });

  expect(environmentView({ chain: [shop], lineageEnvs: [], deleted: false, headerName: 'x-msx-env' })).toEqual({
    env: 'shop',
    mode: 'baseline',
    project: 'shop',
    deleted: false,
    ancestors: [],
    root: 'shop',
    value: 'shop',
    headerName: 'x-msx-env',
    services: [
      { name: 'pay', identity: identity('pay'), ports: aService('pay').ports },
      { name: 'web', identity: identity('web'), ports: aService('web').ports },
    ],
  });
});

test('environmentView() of an overlay holds inherited services, its own value and the last ancestor as root', () => {
  const view = environmentView({
    chain: [shop, team],
    lineageEnvs: ['mid', 'shop'],
    deleted: true,
    headerName: 'x-shop',
  });

  expect(view).toMatchObject({
    ancestors: ['mid', 'shop'],
    root: 'shop',
    value: 'blue',
    headerName: 'x-shop',
    deleted: true,
  });
  expect(view.services.map(({ name }) => name)).toEqual(['pay', 'web']);
});

test('environmentView() names the identities of services that its lineage took away', () => {
  const without = aRevision('team', { parent: 'shop', removes: ['pay'] });
  const about = { deleted: false, headerName: 'x-msx-env' };
  const buried = [serviceIdentity({ org: 'default', project: 'shop', firstName: 'pay', ordinal: 1 })];

  const view = environmentView({ ...about, chain: [shop, without], lineageEnvs: ['shop'] });
  expect(view).toMatchObject({ buried, services: [{ name: 'web' }] });
  const again = aRevision('team', { parent: 'shop', services: [aService('pay')] });
  expect(environmentView({ ...about, chain: [shop, again], lineageEnvs: ['shop'] }).buried).toBeUndefined();
});

test('environmentView() names exactly the identities that a lineage had and has no more', () => {
  fc.assert(
    fc.property(lineages(), (chain) => {
      const about = { deleted: false, headerName: 'x-msx-env', lineageEnvs: [] };
      const levels = effectiveChain(chain).map(({ services }) => services.map(({ identity }) => identity));
      const alive = new Set(levels.at(-1));
      const gone = [...new Set(levels.flat())].filter((identity) => !alive.has(identity)).sort();
      expect(environmentView({ ...about, chain }).buried ?? []).toEqual(gone);
    }),
    { numRuns: 500 },
  );
});
