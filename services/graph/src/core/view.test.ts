import { serviceIdentity } from '@microstax/model/service-identity';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { expect, test } from 'vitest';
import { effectiveGraph } from './effective-graph.ts';
import { environmentView } from './view.ts';

const shop = aRevision('shop', { services: [aService('web'), aService('pay')] });
const team = aRevision('team', { parent: 'shop', routing: { value: 'blue' } });

test('environmentView() of a root names itself as root and lists effective services with their ports by name', () => {
  const effective = effectiveGraph([shop]);
  const identity = (firstName: string) => serviceIdentity({ org: 'default', project: 'shop', firstName, ordinal: 1 });

  expect(
    environmentView({ revision: shop, lineageEnvs: [], effective, deleted: false, headerName: 'x-msx-env' }),
  ).toEqual({
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
  const effective = effectiveGraph([shop, team]);
  const view = environmentView({
    revision: team,
    lineageEnvs: ['mid', 'shop'],
    effective,
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
