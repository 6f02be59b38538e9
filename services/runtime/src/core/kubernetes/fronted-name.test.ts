import { expect, test } from 'vitest';
import { aNaming, anImage, calls } from '../testing/kube-shop.ts';
import { frontedWord } from './front.ts';
import type { KubeObject } from './kube-object.ts';
import { nameObjects } from './name-objects.ts';

const catalog = anImage('catalog', {
  ports: [
    { name: 'admin', containerPort: 9090, protocol: 'tcp' },
    { name: 'http', containerPort: 8080, protocol: 'http' },
  ],
});
const web = anImage('web', { dependsOn: [calls('catalog')] });
const feat = aNaming({ env: 'feat', local: [web], inherited: { from: 'shop', specs: [catalog] } });

function listensFor(service: string, host: string, ports: Readonly<Record<string, number>>) {
  return Object.entries(ports).map(([port, listenPort]) => ({ service, port, host, listenPort }));
}

const own = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.name}`;

test('where pods reach the router, local and inherited names lead to it, beside its addresses and let out to it', () => {
  const listeners = [
    ...listensFor('catalog', '10.200.0.1', { http: 41_001, admin: 41_002 }),
    ...listensFor('web', '10.200.0.1', { http: 41_003 }),
  ];
  const { names, fronts, openings } = nameObjects({ ...feat, listeners });
  expect(names.map(own)).toEqual(['Service web', 'Service catalog']);
  expect(names[1]?.spec).toEqual({
    type: 'ClusterIP',
    selector: { [frontedWord]: 'true' },
    ports: [
      { name: 'admin', port: 9090, targetPort: 9090, protocol: 'TCP' },
      { name: 'http', port: 8080, targetPort: 8080, protocol: 'TCP', appProtocol: 'http' },
    ],
  });
  expect(fronts.map(own)).toEqual(['EndpointSlice web-front', 'EndpointSlice catalog-front']);
  expect(fronts[1]).toMatchObject({
    metadata: {
      namespace: 'feat',
      labels: {
        'kubernetes.io/service-name': 'catalog',
        'endpointslice.kubernetes.io/managed-by': 'microstax.dev',
        'app.kubernetes.io/component': 'front',
      },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.200.0.1'], conditions: { ready: true } }],
    ports: [
      { name: 'admin', port: 41_002, protocol: 'TCP' },
      { name: 'http', port: 41_001, protocol: 'TCP' },
    ],
  });
  expect(openings.find(({ metadata }) => metadata.name === 'to-router')?.spec).toEqual({
    podSelector: {},
    policyTypes: ['Egress'],
    egress: [
      {
        to: [{ ipBlock: { cidr: '10.200.0.1/32' } }],
        ports: [41_001, 41_002, 41_003].map((port) => ({ port, protocol: 'TCP' })),
      },
    ],
  });
});

test.each([
  ['listens on loopback', listensFor('catalog', '127.0.0.1', { http: 1, admin: 2 })],
  ['listens on the other loopback', listensFor('catalog', '::1', { http: 1, admin: 2 })],
  ['does not listen for all of its ports', listensFor('catalog', '10.200.0.1', { http: 1 })],
  ['does not listen', []],
])('where the router %s, names lead where they led without it', (_, listeners) => {
  expect(nameObjects({ ...feat, listeners })).toEqual(nameObjects(feat));
  expect(nameObjects(feat).names.map(own)).toEqual(['Service web', 'Service catalog']);
});
