import { canonicalJson } from '@microstax/model/canonical-json';
import type { ResolvedRecord } from '@microstax/model/resolution';
import { aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ResolveInput, resolve } from './resolve.ts';
import { type CandidateDraft, type ServiceScene, scene } from './testing/scene.ts';

function recordOf(input: ResolveInput, service: string): ResolvedRecord {
  const record = resolve(input).records.find((one) => one.service === service);
  if (record === undefined) throw new Error(`There is no record of ${service}`);
  return record;
}

const mapped: CandidateDraft = { env: 'post', tier: 'explicit provider mapping' };
const team: CandidateDraft = { env: 'team', tier: 'inherited ancestor' };
const shop: CandidateDraft = { env: 'shop', tier: 'baseline' };
const pool: CandidateDraft = { env: 'tools', tier: 'shared provider pool' };

describe('resolve()', () => {
  test('answers with what runs here, and tries nothing after it', () => {
    given(scene({ pay: { kind: 'local', candidates: [team, shop] } }))
      .when((input) => recordOf(input, 'pay'))
      .then({
        env: 'feat',
        service: 'pay',
        identity: 'svc-pay',
        tier: 'local overlay',
        target: { env: 'feat', service: 'pay' },
        ports: [{ name: 'http', protocol: 'http' }],
        tried: [{ tier: 'local overlay', env: 'feat', answered: true, reason: 'runs here: local-for-a-test' }],
      });
  });

  test.each([
    ['explicit provider mapping', 'external', [mapped, team, shop, pool], 'post', 2],
    ['inherited ancestor', 'inherited', [team, shop, pool], 'team', 3],
    ['baseline', 'inherited', [shop, pool], 'shop', 4],
    ['shared provider pool', 'shared', [pool], 'tools', 5],
  ] as const)(
    'answers with tier %s where no earlier one does, and shows each that was tried',
    (tier, kind, candidates, env, tried) => {
      given(scene({ pay: { kind, candidates } }))
        .when((input) => recordOf(input, 'pay'))
        .thenCheck((record) => {
          expect(record).toMatchObject({ tier, target: { env, service: 'pay' } });
          expect(record.tried).toHaveLength(tried);
          expect(record.tried.at(-1)).toEqual({ tier, env, answered: true, reason: 'offers it' });
        });
    },
  );

  test('passes over a candidate that is not eligible, and says why', () => {
    const stale = { ...team, eligible: false, code: 'not-what-runs', reason: 'team offers another spec' };
    given(scene({ pay: { kind: 'inherited', candidates: [stale, shop] } }))
      .when((input) => recordOf(input, 'pay').tried.slice(2))
      .then([
        { tier: 'inherited ancestor', env: 'team', answered: false, reason: 'team offers another spec' },
        { tier: 'baseline', env: 'shop', answered: true, reason: 'offers it' },
      ]);
  });

  test('denies with a record and a code, after every tier was tried', () => {
    const gone = { ...shop, eligible: false, code: 'removed-here', reason: 'removed here' };
    given(scene({ pay: { kind: 'denied', code: 'removed', removed: true, candidates: [gone] } }))
      .when((input) => recordOf(input, 'pay'))
      .thenCheck((record) => {
        expect(record).toMatchObject({ tier: 'denied', target: null, code: 'removed' });
        expect(record.tried.map(({ tier, answered, reason }) => [tier, answered, reason])).toEqual([
          ['local overlay', false, 'does not run here: denied-for-a-test'],
          ['explicit provider mapping', false, 'no mapping names it'],
          ['inherited ancestor', false, 'no ancestor between feat and shop owns it'],
          ['baseline', false, 'removed here'],
          ['shared provider pool', false, 'no pool offers it'],
          ['denied', true, 'taken away in the lineage of feat'],
        ]);
      });
  });

  test('keeps header and unknown values of the root, and the value of the environment', () => {
    given(scene({}))
      .when((input) => resolve(input).context)
      .then({ value: 'feat-1', headerName: 'x-shop-env', unknown: 'deny', root: 'shop', parent: 'team' });
    given(scene({}, []))
      .when((input) => resolve(input).context)
      .thenMatches({ root: 'feat', parent: null });
  });

  test('finds nothing where plan and composition agree', () => {
    given(
      scene({ a: { kind: 'local' }, b: { kind: 'inherited', candidates: [shop] }, c: { kind: 'denied', code: 'x' } }),
    )
      .when((input) => resolve(input).findings)
      .then([]);
  });

  test('says that the plan disagrees where it leaves a service to nobody that is offered', () => {
    given(scene({ pay: { kind: 'denied', code: 'no-provider', candidates: [shop] } }))
      .when((input) => resolve(input).findings)
      .then([
        {
          severity: 'error',
          code: 'plan-disagrees',
          subject: 'pay',
          reason: 'pay resolves to shop/pay by its candidates, but the plan says denied',
          next: 'plan the environment again: msx retry',
          evidence: { resolved: 'shop/pay', planned: 'denied' },
        },
      ]);
  });

  test('says that the plan disagrees where it was made from another composition', () => {
    const other = scene({ pay: { kind: 'local' } });
    given({ ...scene({ pay: { kind: 'inherited', candidates: [shop] } }), plan: other.plan })
      .when((input) => resolve(input).findings.map(({ code, subject }) => [code, subject]))
      .then([['plan-disagrees', 'feat']]);
  });
});

const drafts = fc.array(
  fc.record({
    env: fc.constantFrom('post', 'team', 'shop', 'tools'),
    tier: fc.constantFrom('explicit provider mapping', 'inherited ancestor', 'baseline', 'shared provider pool'),
    eligible: fc.boolean(),
  }),
  { maxLength: 5 },
);
const serviceScene: fc.Arbitrary<ServiceScene> = fc.tuple(drafts, fc.boolean()).map(([candidates, local]) => {
  const order = [mapped, team, shop, pool].map(({ tier }) => tier);
  const inOrder = candidates.toSorted((a, b) => order.indexOf(a.tier) - order.indexOf(b.tier)) as CandidateDraft[];
  if (local) return { kind: 'local', candidates: inOrder };
  const remote = inOrder.some(({ eligible }) => eligible);
  return remote
    ? { kind: 'inherited', candidates: inOrder }
    : { kind: 'denied', code: 'no-provider', candidates: inOrder };
});
const scenes = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), serviceScene, { minKeys: 1, maxKeys: 8 });

describe('records of any composition', () => {
  test('have exactly one answer, as the last tier tried, and agree with the plan', () => {
    fc.assert(
      fc.property(scenes, (services): void => {
        const { records, findings } = resolve(scene(services));
        expect(findings).toEqual([]);
        expect(records.map(({ service }) => service)).toEqual(Object.keys(services).sort());
        for (const { tried, tier, target, code } of records) {
          expect(tried.filter(({ answered }) => answered)).toHaveLength(1);
          expect(tried.at(-1)).toMatchObject({ answered: true, tier });
          expect(target === null).toBe(tier === 'denied');
          expect(code === undefined).toBe(tier !== 'denied');
        }
      }),
      { numRuns: 300 },
    );
  });

  test('keep their bytes when another service changes', () => {
    fc.assert(
      fc.property(scenes, serviceScene, fc.nat(), (services, changed, pick): void => {
        const names = Object.keys(services);
        const name = names[pick % names.length] as string;
        const spec = aService(name, { env: { CHANGED: 'yes' } });
        const before = resolve(scene(services)).records;
        const after = resolve(scene({ ...services, [name]: { ...changed, spec } })).records;
        for (const [at, record] of before.entries())
          if (record.service !== name) expect(canonicalJson(after[at])).toBe(canonicalJson(record));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a mapping to an address outside', () => {
  const external = { host: 'pay.example.com', port: 443, portName: 'http', protocol: 'http', region: 'eu' } as const;
  const address: CandidateDraft = { env: 'pay.example.com:443', tier: 'explicit provider mapping', external };

  test('is a target without an environment, and says nothing of its region', () => {
    given(scene({ pay: { kind: 'external', candidates: [address, shop] } }))
      .when((input) => recordOf(input, 'pay'))
      .thenMatches({
        tier: 'explicit provider mapping',
        target: { external: { host: 'pay.example.com', port: 443, portName: 'http', protocol: 'http' } },
      });
  });

  test('agrees with a plan that names the same address, and with no other', () => {
    const there = scene({ pay: { kind: 'external', candidates: [address] } });
    given(there)
      .when((input) => resolve(input).findings)
      .then([]);
    const elsewhere = scene({
      pay: { kind: 'external', candidates: [{ ...address, external: { ...external, port: 80 } }] },
    });
    given({ ...there, plan: elsewhere.plan })
      .when((input) => resolve(input).findings.map(({ reason }) => reason))
      .thenCheck(([, second]) =>
        expect(second).toBe(
          'pay resolves to pay.example.com:443 by its candidates, but the plan says pay.example.com:80',
        ),
      );
  });
});
