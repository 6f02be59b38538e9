import { describe, expect, test } from 'vitest';
import { decideText, findingIn, revisionOfText, sayings, specOf } from './testing/decide-text.ts';

const web = (fields: string): string =>
  `name: shop\nservices:\n  web:\n    run: { command: [node, web.js] }\n${fields}`;
const specWith = (fields: string) => specOf(revisionOfText(web(fields)), 'web');
const sayingsWith = (fields: string) => sayings(decideText(web(fields)));

test('normaliseService() makes every default explicit', () => {
  expect(specOf(revisionOfText(web('')), 'web')).toEqual({
    name: 'web',
    run: { command: ['node', 'web.js'], cwd: '.' },
    args: [],
    ports: [],
    env: {},
    secrets: [],
    resources: { cpuMillicores: 100, memoryBytes: 128 * 1024 ** 2, storageBytes: 0 },
    expose: false,
    stateful: false,
    sharing: 'allow',
    dependsOn: [],
    labels: {},
  });
});

describe('ports', () => {
  const http = { name: 'http', containerPort: 8080, protocol: 'http' };
  for (const written of [
    '8080',
    '"8080"',
    '"8080:8080"',
    '{ containerPort: 8080 }',
    '{ name: http, containerPort: 8080 }',
  ])
    test(`${written} is port 8080 called http`, () => {
      expect(specWith(`    ports: [${written}]\n`).ports).toEqual([http]);
    });

  test('without names are called by protocol, or protocol and number where that is no name of one', () => {
    const ports = specWith('    ports: [8081, 8080, { containerPort: 9000, protocol: grpc }]\n').ports;
    expect(ports.map(({ name }) => name)).toEqual(['grpc', 'http-8080', 'http-8081']);
  });

  test('are refused with two sides that differ, out of range, or twice', () => {
    expect(sayingsWith('    ports: ["8080:9090"]\n')).toEqual(['5:13 wrong-type services.web.ports.0']);
    expect(sayingsWith('    ports: [70000]\n')).toEqual(['5:13 bad-value services.web.ports.0.containerPort']);
    expect(sayingsWith('    ports: [8080, 8080]\n')).toEqual(['5:19 duplicate-port services.web.ports.1']);
  });

  test('are what an exposed service needs', () => {
    expect(sayingsWith('    expose: true\n')).toEqual(['5:13 nothing-to-expose services.web.expose']);
  });
});

describe('env', () => {
  test('numbers and booleans are the text they were written as, so an unquoted 1.20 stays "1.20"', () => {
    const { env } = specWith('    env: { V: 1.20, HEX: 0x1F, ON: True, BIG: 12345678901234567890, E: 1e3, S: "x" }\n');
    expect(env).toEqual({ BIG: '12345678901234567890', E: '1e3', HEX: '0x1F', ON: 'True', S: 'x', V: '1.20' });
  });

  test('args and labels are texts likewise', () => {
    const spec = specWith('    args: [--port, 8080, 1.20]\n    labels: { version: 1.20 }\n');
    expect(spec.args).toEqual(['--port', '8080', '1.20']);
    expect(spec.labels).toEqual({ version: '1.20' });
  });

  test('a value that is nothing, a list or a map is refused, and none is quoted', () => {
    const decision = decideText(web('    env: { A: , B: [hunter2], C: { x: hunter2 } }\n'));
    expect(sayings(decision)).toEqual([
      '5:15 wrong-type services.web.env.A',
      '5:20 wrong-type services.web.env.B',
      '5:34 wrong-type services.web.env.C',
    ]);
    expect(JSON.stringify(decision)).not.toContain('hunter2');
  });

  test('a key that no process can be given is refused at the key', () => {
    expect(sayingsWith('    env: { "A=B": x }\n')).toEqual(['5:12 bad-key services.web.env."A=B"']);
  });
});

test('a name that is a number is told to be quoted', () => {
  const decision = decideText('name: shop\nservices:\n  - name: 1.20\n    run: { command: node }\n');
  expect(findingIn(decision, 'wrong-type')).toMatchObject({
    reason: 'expected text, found a number',
    next: 'quote it: "1.20"',
    position: { line: 3, column: 11 },
  });
});

describe('resources', () => {
  test('are millicores and bytes, stateful services have storage', () => {
    const spec = specWith('    resources: { cpu: 0.25, memory: 1Gi }\n    stateful: true\n');
    expect(spec.resources).toEqual({ cpuMillicores: 250, memoryBytes: 1024 ** 3, storageBytes: 1024 ** 3 });
  });

  test('are refused where they are no quantity', () => {
    expect(sayingsWith('    resources: { cpu: 1x, memory: -1, storage: lots }\n')).toEqual([
      '5:23 bad-quantity services.web.resources.cpu',
      '5:35 bad-quantity services.web.resources.memory',
      '5:48 bad-quantity services.web.resources.storage',
    ]);
  });
});

describe('secrets', () => {
  test('become references', () => {
    const { secrets } = specWith('    secrets: [{ name: db, envKey: DB, value: auto-generated }]\n');
    expect(secrets).toEqual([{ name: 'db', envKey: 'DB', source: 'auto-generated' }]);
  });

  test('have one name and one variable each', () => {
    const secret = (name: string, key: string) => `{ name: ${name}, envKey: ${key}, value: auto-generated }`;
    const fields = `    env: { A: x }\n    secrets: [${secret('a', 'A')}, ${secret('a', 'B')}]\n`;
    expect(sayingsWith(fields)).toEqual([
      '6:34 duplicate-env services.web.secrets.0.envKey',
      '6:70 duplicate-secret services.web.secrets.1.name',
    ]);
  });
});

test('a command of one word is a list of one', () => {
  const revision = revisionOfText('name: shop\nservices:\n  web:\n    run: { command: hotrod, cwd: bin }\n');
  expect(specOf(revision, 'web').run).toEqual({ command: ['hotrod'], cwd: 'bin' });
});

test('one replica is what its absence means', () => {
  expect(specWith('    replicas: 1\n')).toEqual(specWith('    expose: false\n'));
  expect(specWith('    replicas: 3\n').replicas).toBe(3);
  expect(sayingsWith('    replicas: 101\n')).toEqual(['5:15 bad-value services.web.replicas']);
});
