import { given } from '@microstax/testkit/given';
import { expect, test } from 'vitest';
import { emptyRouteTable, routeTable } from './route-table.ts';
import { anInstance, aPlan, aResolution, aSpec } from './testing/plans.ts';

const web = aSpec('web');
const plan = aPlan('shop', [web]);
const listeners = [{ service: 'web', port: 'http', host: '127.0.0.1', listenPort: 8_080 }];
const old = anInstance(aSpec('web', { env: { OLD: '1' } }), { id: 'web-old-1', ports: { http: 1 } });
const from = {
  plan,
  resolution: aResolution(plan),
  inventory: { instances: [old, anInstance(web)], listeners },
  epoch: 4,
  generation: 2,
};

test('routeTable() holds records without addresses, listeners, and endpoints of what the plan wants only', () => {
  given(from)
    .when(routeTable)
    .then({
      org: 'default',
      env: 'shop',
      epoch: 4,
      generation: 2,
      context: { value: 'shop', headerName: 'x-msx-env', unknown: 'baseline', root: 'shop', parent: null },
      listeners,
      records: [
        {
          service: 'web',
          tier: 'local overlay',
          target: { env: 'shop', service: 'web' },
          ports: [{ name: 'http', protocol: 'http' }],
        },
      ],
      endpoints: [{ service: 'web', port: 'http', host: '127.0.0.1', targetPort: 40_000, instance: 'web-x-1' }],
    });
});

test('routeTable() of a deleted environment has no listeners', () => {
  given({ ...from, plan: aPlan('shop', [], { wanted: 'deleted' }) })
    .when(routeTable)
    .thenMatches({ listeners: [], endpoints: [] });
});

test('emptyRouteTable() fences and routes nothing', () => {
  expect(emptyRouteTable(from)).toMatchObject({ epoch: 4, generation: 0, records: [], endpoints: [] });
});
