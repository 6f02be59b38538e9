import { compileRouting, routingPreface } from '@microstax/model/routing-artifacts/compile-routing';
import { kubernetesWithEndpoints } from '@microstax/model/routing-artifacts/kubernetes';
import { routeAnswers } from '@microstax/model/routing-artifacts/route-answers';
import { routingFormats, writeRouting } from '@microstax/model/routing-artifacts/routing-artifact';
import { expect, test } from 'vitest';
import { aFamily, headerName } from './family.ts';

// The files end in .txt, because whoever formats JSON would change what is compared byte for byte.
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
  await expect(text).toMatchFileSnapshot(`golden/${format}.${ending}.txt`);
});

test('Kubernetes with observed endpoints is written as in its golden file', async () => {
  const observed = ['10.0.0.8', '10.0.0.7', 'fd00::7'].map((host) => {
    return { service: 'catalog', port: 'http', host, targetPort: 8080, instance: `catalog-${host}` };
  });
  const objects = routeAnswers(family).flatMap((answers) => kubernetesWithEndpoints(answers, observed));
  await expect(`${JSON.stringify(objects, null, 2)}\n`).toMatchFileSnapshot('golden/kubernetes-endpoints.json.txt');
});

test('a backend and an opening have the port that the target declares, not the one of the callers', () => {
  const [root, overlay] = aFamily({
    unknown: 'baseline',
    environments: [
      { env: 'shop', parent: null, value: 'shop', does: { pay: 'runs' } },
      { env: 'feat', parent: 'shop', value: 'feat', does: { pay: 'runs' }, port: 9090 },
    ],
  });
  if (root === undefined || overlay === undefined) throw new Error('a family has its environments');
  const [gateway] = compileRouting('gateway', { listener: root, others: [overlay] });
  expect(gateway?.content).toMatchObject({
    objects: [
      {
        spec: {
          rules: [
            { matches: [{ headers: [{ value: 'feat' }] }], backendRefs: [{ namespace: 'feat', port: 9090 }] },
            { matches: [{ headers: [{ value: 'shop' }] }], backendRefs: [{ namespace: 'shop', port: 8080 }] },
            { backendRefs: [{ namespace: 'shop', port: 8080 }] },
          ],
        },
      },
    ],
  });
});

test('a hundred contexts of one service stay within the rules that a route may have', () => {
  const environments = Array.from({ length: 100 }, (_, index) => {
    return { env: `e${index}`, parent: 'shop', value: `e${index}`, does: { pay: 'inherits' as const } };
  });
  const [root, ...others] = aFamily({
    unknown: 'baseline',
    environments: [{ env: 'shop', parent: null, value: 'shop', does: { pay: 'runs' } }, ...environments],
  });
  if (root === undefined) throw new Error('a family has its environments');
  const objects = compileRouting('gateway', { listener: root, others }).flatMap(({ content }) =>
    content.kind === 'objects' ? content.objects : [],
  ) as unknown as { spec: { rules: { matches: unknown[] }[] } }[];
  expect(objects[0]?.spec.rules.map(({ matches }) => matches.length)).toEqual([64, 37, 1]);
});
