import { readFileSync } from 'node:fs';
import { must } from '@microstax/model/must';
import { driverNames, runtimeFactOf } from '@microstax/model/runtime-fact';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { headerSchema, serviceSchema } from './core/blueprint-schema.ts';
import { defaultLimits } from './core/limits.ts';
import { decideText, emptyGraph, viewOf } from './core/testing/decide-text.ts';
import { editorComplaints } from './core/testing/editor.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const page = read('docs/blueprint.md');

/** Where the fields of a section's table stand. */
const sections: Readonly<Record<string, string>> = {
  Environment: '',
  '`routing`': 'routing.',
  '`plans`': 'plans.*.',
  'A service': 'services[].',
  '`ports`': 'services[].ports[].',
  '`secrets`': 'services[].secrets[].',
  '`resources`': 'services[].resources.',
  '`probes`': 'services[].probes.',
  '`volumes`': 'services[].volumes[].',
  '`mocks`': 'services[].mocks.',
  '`init`': 'services[].init[].',
  '`security`': 'services[].security.',
  '`dependsOn`': 'services[].dependsOn[].',
};

/** Fields that every map of some kind has are documented once, under `*`. */
const probeField = /^services\[\]\.probes\.(startup|readiness|liveness)\./;
const planResources = /^plans\.\*\.services\.\*\.resources\./;

function schemaPaths(schema: z.core.$ZodType, prefix: string): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
      return schemaPaths(def.innerType, prefix);
    case 'array':
      return schemaPaths(def.element, `${prefix}[]`);
    case 'record':
      return schemaPaths(def.valueType, `${prefix}.*`);
    case 'object':
      return Object.entries(def.shape).flatMap(([key, field]) => {
        const path = prefix === '' ? key : `${prefix}.${key}`;
        return [path, ...schemaPaths(field, path)];
      });
    default:
      return [];
  }
}

function documentedPaths(): string[] {
  return page.split(/^##+ /m).flatMap((section) => {
    const prefix = sections[section.split('\n', 1)[0] ?? ''];
    if (prefix === undefined) return [];
    const [table = ''] = /(?:^\|.*\n)+/m.exec(section) ?? [];
    const fields = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map((row) => row[1] ?? '');
    return fields.map((field) => prefix + field);
  });
}

test('docs/blueprint.md documents exactly the fields of the schema', () => {
  const paths = [...schemaPaths(headerSchema, ''), ...schemaPaths(serviceSchema, 'services[]')]
    .filter((path) => !planResources.test(path))
    .map((path) => path.replace(probeField, 'services[].probes.'));
  const documented = documentedPaths();
  expect(documented.length).toBeGreaterThan(120);
  expect([...documented].sort()).toEqual([...new Set(paths)].sort());
});

test('docs/blueprint.md states the defaults of the schema', () => {
  const defaults = [headerSchema, serviceSchema].flatMap(({ shape }) =>
    Object.entries(shape).flatMap(([key, schema]) => {
      const { def } = (schema as z.core.$ZodType as z.core.$ZodTypes)._zod;
      return def.type === 'default' && typeof def.defaultValue !== 'object' ? [[key, def.defaultValue] as const] : [];
    }),
  );
  expect(defaults.length).toBeGreaterThan(3);
  for (const [key, value] of defaults)
    expect(page, key).toMatch(new RegExp(`^\\| \`${key}\` \\| [^|]+ \\| \`${value}\` \\|`, 'm'));
});

test('docs/blueprint.md names every limit with its value', () => {
  for (const [limit, value] of Object.entries(defaultLimits))
    expect(page).toContain(
      `| \`${limit}\` | ${limit === 'maxBlueprintBytes' ? '8 MiB' : value.toLocaleString('en-US')} |`,
    );
});

test('docs/blueprint.md says what each driver realises', () => {
  expect(driverNames).toContain('process');
  for (const driver of driverNames) {
    const { realises } = must(runtimeFactOf(driver), 'a known driver');
    expect(page).toContain(`| \`${driver}\` | ${realises.map((feature) => `\`${feature}\``).join(', ')} |`);
  }
});

test('the Blueprint that docs/blueprint.md begins with is accepted', () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const parent = viewOf('shop', ['checkout', 'payments']);
  expect(decideText(yaml, { env: 'feat-checkout', graph: { ...emptyGraph, parent } })).toMatchObject({
    kind: 'accepted',
    findings: [],
  });
});

const storefront = ['web', 'catalog', 'pricing', 'cart', 'store', 'checkout', 'payments', 'shipping'];
const examples: readonly (readonly [string, string, ReturnType<typeof viewOf> | null])[] = [
  ['storefront/baseline.yaml', 'shop', null],
  ['storefront/overlay-payments.yaml', 'feat-payments', viewOf('shop', storefront)],
  ['storefront/team-checkout.yaml', 'team-checkout', viewOf('shop', storefront)],
  [
    'storefront/feature-express.yaml',
    'feat-express',
    viewOf('team-checkout', storefront, { mode: 'overlay', ancestors: ['shop'] }),
  ],
  ['hotrod/baseline.yaml', 'hotrod', null],
  ['hotrod/overlay-customer.yaml', 'feat-customer', viewOf('hotrod', ['frontend', 'customer', 'driver', 'route'])],
];
for (const [file, env, parent] of examples)
  test(`examples/${file} is accepted without a warning, and names the schema that agrees`, () => {
    const text = read(`examples/${file}`);
    const decision = decideText(text, { env, graph: { ...emptyGraph, parent } });
    expect(decision).toMatchObject({ kind: 'accepted', findings: [] });
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/\.\.\/docs\/blueprint\.schema\.json\n/);
    expect(editorComplaints(text)).toEqual([]);
  });

// One valid Blueprint with a map at every place, to put an unknown key into each.
const everything = `
name: shop
routing: { mode: baseline, providers: {}, pools: [{ environment: other }] }
plans: { p: { services: { web: { resources: { requests: {}, limits: {} } } } } }
budget: { perHour: 1 }
residency: { region: eu }
snapshot: { from: prod }
seeds: [{ name: demo }]
services:
  - name: web
    image: x
    security: { capabilities: {} }
    ports: [{ containerPort: 80 }]
    secrets: [{ name: a, envKey: A, value: auto-generated }]
    resources: { requests: {}, limits: {} }
    probes: { readiness: { http: {} }, startup: { tcp: {} }, liveness: { grpc: {} } }
    volumes: [{ name: v, mountPath: /v }]
    mocks: { mode: replace, run: { command: x } }
    init: [{ script: x }]
    contract: { version: "1.0" }
    sharing: { inherit: allow }
    dependsOn: [{ service: db }]
  - { name: db, run: { command: x }, probes: { readiness: { exec: { command: x } } } }
`;

test('an unknown key is refused by the JSON Schema and by intake, at every place', () => {
  expect(decideText(everything).kind).toBe('accepted');
  const free = /(providers|plans|services): \{ ?$/; // names, not fields
  const places = [...everything.matchAll(/\{ ?/g)].map(({ index, 0: brace }) => index + brace.length);
  let tried = 0;
  for (const at of places) {
    const before = everything.slice(0, at);
    if (free.test(before)) continue;
    const text = `${before}unheard: 1, ${everything.slice(at)}`.replaceAll('1, }', '1 }');
    expect(editorComplaints(text), text).not.toEqual([]);
    expect(
      decideText(text).findings.map(({ code }) => code),
      text,
    ).toContain('unknown-key');
    tried++;
  }
  expect(tried).toBeGreaterThan(25);
});
