import type { PortSpec } from '@microstax/model/service-spec';
import { describe, expect, test } from 'vitest';
import { decideText, emptyGraph, findingIn, revisionOfText, sayings, specOf, viewOf } from './testing/decide-text.ts';

const callee = (ports: string): string =>
  ['name: shop', 'services:', '  api:', '    run: { command: node }', `    ports: ${ports}`].join('\n');
const calling = (dependency: string, ports = '[8080]'): string =>
  `${callee(ports)}\n  web:\n    run: { command: node }\n    dependsOn: [${dependency}]\n`;
const dependencyOf = (dependency: string, ports?: string) =>
  specOf(revisionOfText(calling(dependency, ports)), 'web').dependsOn[0];

describe('a dependency on a service of the same Blueprint', () => {
  test('takes port and protocol of its only port', () => {
    expect(dependencyOf('api')).toEqual({
      service: 'api',
      kind: 'calls',
      port: 'http',
      protocol: 'http',
      propagates: true,
      required: true,
    });
    expect(dependencyOf('api', '[{ name: rpc, containerPort: 1, protocol: grpc }]')).toMatchObject({
      port: 'rpc',
      protocol: 'grpc',
      propagates: true,
    });
  });

  test('propagates nothing over tcp, nor where it is no call, unless declared (protocol 6)', () => {
    expect(dependencyOf('api', '[{ containerPort: 5432, protocol: tcp }]')).toMatchObject({ propagates: false });
    expect(dependencyOf('{ service: api, kind: writes }')).toMatchObject({ kind: 'writes', propagates: false });
    expect(dependencyOf('{ service: api, kind: publishes, propagates: true }')).toMatchObject({ propagates: true });
  });

  test('takes http of several ports, else must name one', () => {
    const two = '[{ name: http, containerPort: 1 }, { name: admin, containerPort: 2 }]';
    expect(dependencyOf('api', two)).toMatchObject({ port: 'http' });
    const decision = decideText(calling('api', '[{ name: a, containerPort: 1 }, { name: b, containerPort: 2 }]'));
    expect(findingIn(decision, 'ambiguous-port')).toMatchObject({ position: { line: 8, column: 17 } });
  });

  test('has no port where the service has none', () => {
    expect(dependencyOf('api', '[]')).not.toHaveProperty('port');
  });

  test('is refused with a port or protocol that the service does not have', () => {
    expect(sayings(decideText(calling('{ service: api, port: grpc }')))).toEqual([
      '8:39 unknown-port services.web.dependsOn.0.port',
    ]);
    expect(sayings(decideText(calling('{ service: api, protocol: tcp }')))).toEqual([
      '8:43 protocol-differs services.web.dependsOn.0.protocol',
    ]);
  });

  test('is refused twice, and on itself', () => {
    expect(sayings(decideText(calling('api, { service: api, port: http }, web')))).toEqual([
      '8:22 duplicate-dependency services.web.dependsOn.1',
      '8:52 self-dependency services.web.dependsOn.2.service',
    ]);
  });
});

describe('a dependency on an inherited service', () => {
  const text = (dependency: string): string =>
    `name: feat\nrouting: { mode: overlay, baselineId: shop }\nservices:\n  web:\n    run: { command: node }\n    dependsOn: [${dependency}]\n`;
  const under = (dependency: string, ports?: readonly PortSpec[]) => {
    const parent = viewOf('shop', [], {
      services: [{ name: 'api', identity: 'svc-api', ...(ports ? { ports } : {}) }],
    });
    return { text: text(dependency), about: { env: 'feat', graph: { ...emptyGraph, parent } } };
  };
  const dependencyUnder = (dependency: string, ports?: readonly PortSpec[]) => {
    const { text, about } = under(dependency, ports);
    return specOf(revisionOfText(text, about), 'web').dependsOn[0];
  };

  test('is http on port http where nobody tells the ports', () => {
    expect(dependencyUnder('api')).toMatchObject({ port: 'http', protocol: 'http' });
    expect(dependencyUnder('{ service: api, protocol: grpc }')).toMatchObject({ port: 'grpc', protocol: 'grpc' });
  });

  test('takes the port that the parent says it has, so it equals the declaration in the parent', () => {
    const rpc: PortSpec = { name: 'rpc', containerPort: 1, protocol: 'grpc' };
    expect(dependencyUnder('api', [rpc])).toMatchObject({ port: 'rpc', protocol: 'grpc' });
    const { text, about } = under('{ service: api, port: http }', [rpc]);
    expect(sayings(decideText(text, about))).toEqual(['6:39 unknown-port services.web.dependsOn.0.port']);
  });

  test('is on nothing where the parent does not have it either', () => {
    const { text, about } = under('apis');
    expect(sayings(decideText(text, about))).toEqual(['6:17 depends-on-nothing services.web.dependsOn.0.service']);
  });
});

test('a mapped service can be depended on, one from a pool may exist, a removed one is refused', () => {
  const feat = (routing: string, rest = ''): string =>
    `name: feat\nrouting: { mode: overlay, baselineId: shop${routing} }\nservices:\n  web: { run: { command: node }, dependsOn: [billing] }\n${rest}`;
  const about = { env: 'feat', graph: { ...emptyGraph, parent: viewOf('shop', ['web']) } };
  expect(decideText(feat(', providers: { billing: finance }'), about).kind).toBe('accepted');
  expect(decideText(feat(', pools: [finance]'), about).kind).toBe('accepted');
  expect(sayings(decideText(feat('', '  billing: { remove: true }\n'), about))).toContain(
    '4:46 depends-on-removed services.web.dependsOn.0.service',
  );
});
