import { compileRouting, routingPreface } from '@microstax/model/routing-artifacts/compile-routing';
import { kubernetesWithEndpoints } from '@microstax/model/routing-artifacts/kubernetes';
import { routeAnswers } from '@microstax/model/routing-artifacts/route-answers';
import { routingFormats, writeRouting } from '@microstax/model/routing-artifacts/routing-artifact';
import { expect, test } from 'vitest';
import { aFamily, headerName } from './family.ts';

const endings = { nginx: 'conf', haproxy: 'map', coredns: 'corefile' } as const;
const [shop, feat] = aFamily({
  unknown: 'deny',
  environments: [
    { env: 'shop', parent: null, value: 'shop', does: { catalog: 'runs', pay: 'runs', web: 'runs' } },
    { env: 'feat', parent: 'shop', value: 'feat.1', does: { catalog: 'inherits', pay: 'runs', web: 'denies' } },
  ],
});
if (shop === undefined || feat === undefined) throw new Error('a family has its environments');
const family = { listener: feat, others: [shop] };

test.each(routingFormats)('%s is written as in its golden file', async (format) => {
  const text = writeRouting(format, compileRouting(format, family), routingPreface(format, headerName));
  const ending = format in endings ? endings[format as keyof typeof endings] : 'json';
  await expect(text).toMatchFileSnapshot(`golden/${format}.${ending}`);
});

test('Kubernetes with observed endpoints is written as in its golden file', async () => {
  const observed = ['10.0.0.8', '10.0.0.7', 'fd00::7'].map((host) => {
    return { service: 'catalog', port: 'http', host, targetPort: 8080, instance: `catalog-${host}` };
  });
  const objects = routeAnswers(family).flatMap((answers) => kubernetesWithEndpoints(answers, observed));
  await expect(`${JSON.stringify(objects, null, 2)}\n`).toMatchFileSnapshot('golden/kubernetes-endpoints.json');
});
