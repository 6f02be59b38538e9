import { sealArtifact } from '@microstax/model/artifact';
import type { Candidate } from '@microstax/model/composition';
import { defaultPrices, type Facts } from '@microstax/model/facts';
import type { Finding } from '@microstax/model/finding';
import { specDigest } from '@microstax/model/service-spec';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { describe, expect, test } from 'vitest';
import type { Placed } from './place-services.ts';
import { draftPlan, type PlanInput } from './plan.ts';
import { derived } from './testing/lineage.ts';
import { overlay, shop } from './testing/shop.ts';

type PlaceDecision =
  | { readonly kind: 'placed'; readonly placed: readonly Placed[] }
  | { readonly kind: 'contradiction'; readonly findings: readonly Finding[] };

function place(input: PlanInput): PlaceDecision {
  const decision = draftPlan(input);
  if (decision.kind === 'refused') return { kind: 'contradiction', findings: decision.findings };
  return { kind: 'placed', placed: decision.plan.placements };
}

function placedOf(decision: PlaceDecision): Readonly<Record<string, Placed>> {
  if (decision.kind !== 'placed') throw new Error(`Nothing is placed: ${decision.findings[0]?.reason}`);
  return Object.fromEntries(decision.placed.map((placed) => [placed.service, placed]));
}

function kindsOf(decision: PlaceDecision): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(placedOf(decision)).map(([name, { kind }]) => [name, kind]));
}

function reasonOf(decision: PlaceDecision, service: string) {
  return placedOf(decision)[service]?.reasons[0];
}

const payments2 = overlay('feat-payments', { payments: { env: { FEE: '5' } } });

describe('placeServices()', () => {
  test('runs everything of a root, without any context', () => {
    given(derived([shop]))
      .when(place)
      .thenCheck((decision) => {
        const placed = Object.values(placedOf(decision));
        expect(placed.map(({ kind }) => kind)).toEqual(placed.map(() => 'local'));
        expect(placed.some(({ carriesContext }) => carriesContext)).toBe(false);
        expect(reasonOf(decision, 'cart')?.code).toBe('root-runs-everything');
      });
  });

  test('runs the changed service of an overlay and inherits the rest', () => {
    given(derived([payments2, shop]))
      .when(place)
      .thenCheck((decision) => {
        expect(kindsOf(decision)).toMatchObject({ payments: 'local', web: 'inherited', checkout: 'inherited' });
        expect(Object.values(kindsOf(decision)).filter((kind) => kind === 'local')).toHaveLength(1);
        expect(reasonOf(decision, 'payments')).toEqual({
          code: 'declared-change',
          text: 'payments is changed in feat-payments: /env (behaviour)',
          because: ['/env'],
        });
        expect(reasonOf(decision, 'catalog')).toEqual({
          code: 'unchanged-inherited',
          text: "catalog is unchanged from shop's, so shop provides it",
        });
      });
  });

  test('says which inherited services must pass the context on, and to whom', () => {
    given(derived([payments2, shop]))
      .when(place)
      .thenCheck((decision) => {
        const { web, checkout, catalog, cart } = placedOf(decision);
        expect([web?.carriesContext, checkout?.carriesContext]).toEqual([true, true]);
        expect([catalog?.carriesContext, cart?.carriesContext]).toEqual([false, false]);
        expect(web?.reasons[1]).toEqual({
          code: 'carries-context',
          text: 'requests to web must carry the context of feat-payments on: web -> checkout -> payments, and payments runs here',
          because: ['web', 'checkout', 'payments'],
        });
      });
  });

  test('finds the provider of a feature in its team, and says so', () => {
    const team = overlay('team', { shipping: { env: { V: '1.1' } } });
    given(derived([overlay('feat', { checkout: { env: { V: '1.2' }, dependsOn: ['shipping'] } }, 'team'), team, shop]))
      .when(place)
      .thenCheck((decision) => {
        const { shipping, checkout } = placedOf(decision);
        expect(shipping).toMatchObject({ kind: 'inherited', provider: { env: 'team', service: 'shipping' } });
        expect(shipping?.carriesContext).toBe(true);
        expect(checkout?.kind).toBe('local');
        expect(placedOf(decision).web?.reasons[1]?.text).toBe(
          'requests to web must carry the context of feat on: web -> checkout, and checkout runs here',
        );
      });
  });

  test('runs a caller that drops the context of an overridden service', () => {
    const legacy = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: ['legacy', 'catalog'] }),
        aService('legacy', { dependsOn: [{ service: 'ledger', protocol: 'tcp' }] }),
        aService('ledger', { dependsOn: [] }),
        aService('catalog'),
      ],
    });
    given(derived([overlay('feat', { ledger: { args: ['-v'] } }), legacy]))
      .when(place)
      .thenCheck((decision) => {
        expect(kindsOf(decision)).toEqual({ catalog: 'inherited', ledger: 'local', legacy: 'local', web: 'inherited' });
        expect(reasonOf(decision, 'legacy')).toEqual({
          code: 'context-must-pass',
          text: 'legacy must run here: legacy calls ledger over tcp, which carries no context, and ledger runs here',
          because: ['legacy', 'ledger'],
        });
      });
  });

  test('passes grpc through like raw tcp, also where it is declared to propagate', () => {
    const hotrod = aRevision('shop', {
      services: [
        aService('frontend', { expose: true, dependsOn: [{ service: 'driver', protocol: 'grpc', propagates: true }] }),
        aService('driver'),
      ],
    });
    given(derived([overlay('feat', { driver: { args: ['-v'] } }), hotrod]))
      .when((input) => kindsOf(place(input)))
      .then({ driver: 'local', frontend: 'local' });
  });

  test('takes the queue along with its consumer', () => {
    const queued = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: [{ service: 'orders', kind: 'publishes', protocol: 'tcp' }] }),
        aService('orders'),
        aService('worker', { dependsOn: [{ service: 'orders', kind: 'consumes', protocol: 'tcp' }] }),
      ],
    });
    given(
      derived([
        overlay('feat', {
          worker: { args: ['-v'], dependsOn: [{ service: 'orders', kind: 'consumes', protocol: 'tcp' }] },
        }),
        queued,
      ]),
    )
      .when(place)
      .thenCheck((decision) => {
        expect(kindsOf(decision)).toEqual({ orders: 'local', web: 'local', worker: 'local' });
        expect(reasonOf(decision, 'orders')).toEqual({
          code: 'queue-follows-consumer',
          text: "orders must run here: worker runs here and would take the messages of shop's orders",
          because: ['orders', 'worker'],
        });
      });
  });

  test('runs the one service on the way that drops the context, and says what for', () => {
    const chain = aRevision('shop', {
      services: [
        aService('entry', { expose: true, dependsOn: ['a'] }),
        aService('a', { dependsOn: [{ service: 'b', propagates: false }] }),
        aService('b', { dependsOn: ['v'] }),
        aService('v'),
      ],
    });
    given(derived([overlay('feat', { v: { args: ['-v'] } }), chain]))
      .when(place)
      .thenCheck((decision) => {
        expect(kindsOf(decision)).toEqual({ a: 'local', b: 'inherited', entry: 'inherited', v: 'local' });
        expect(reasonOf(decision, 'a')).toEqual({
          code: 'context-must-pass',
          text: 'a must run here: a calls b over http, and is declared not to pass the context on, and v runs here',
          because: ['a', 'b', 'v'],
        });
      });
  });

  test('runs what is reached without the context and would have to pass it on', () => {
    const reached = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: [{ service: 'ledger', protocol: 'tcp' }] }),
        aService('ledger', { dependsOn: ['rates'] }),
        aService('rates'),
      ],
    });
    given(derived([overlay('feat', { rates: { args: ['-v'] } }), reached]))
      .when(place)
      .thenCheck((decision) => {
        expect(kindsOf(decision)).toEqual({ ledger: 'local', rates: 'local', web: 'local' });
        expect(reasonOf(decision, 'ledger')?.text).toBe(
          'ledger must run here: ledger calls rates over http, and ledger gets no context to pass on, and rates runs here',
        );
      });
  });

  test('lets a grpc caller pass on by itself what somebody behind its target needs', () => {
    const behind = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: [{ service: 'cart', protocol: 'grpc' }] }),
        aService('cart', { dependsOn: ['rates'] }),
        aService('rates'),
      ],
    });
    given(derived([overlay('feat', { rates: { args: ['-v'] } }), behind]))
      .when((input) => kindsOf(place(input)))
      .then({ cart: 'inherited', rates: 'local', web: 'inherited' });
  });

  test('runs one service alone where the router tells grpc apart, and its callers too where it does not', () => {
    const grpc = (service: string) => ({ service, protocol: 'grpc' }) as const;
    const boutique = aRevision('boutique', {
      services: [
        aService('frontend', { expose: true, dependsOn: [grpc('checkout'), grpc('cart')] }),
        aService('checkout', { dependsOn: [grpc('payment'), grpc('cart')] }),
        aService('payment'),
        aService('cart'),
      ],
    });
    const feat = overlay('feat', { payment: { args: ['-v'] } }, 'boutique');
    const facts: Facts = { prices: defaultPrices, siblings: [], expectedHours: 8, routedProtocols: ['grpc', 'http'] };
    given(derived([feat, boutique], { facts }))
      .when((input) => kindsOf(place(input)))
      .then({ cart: 'inherited', checkout: 'inherited', frontend: 'inherited', payment: 'local' });
    given(derived([feat, boutique]))
      .when((input) => kindsOf(place(input)))
      .then({ cart: 'inherited', checkout: 'local', frontend: 'local', payment: 'local' });
  });

  test('takes along who else consumes from a queue that runs here', () => {
    const kafka = (kind: 'publishes' | 'consumes') => ({ service: 'kafka', kind, protocol: 'tcp' }) as const;
    const demo = aRevision('demo', {
      services: [
        aService('checkout', { expose: true, dependsOn: [kafka('publishes')] }),
        aService('kafka'),
        aService('accounting', { dependsOn: [kafka('consumes')] }),
        aService('fraud', { dependsOn: [kafka('consumes')] }),
      ],
    });
    given(derived([overlay('feat', { fraud: { args: ['-v'], dependsOn: [kafka('consumes')] } }, 'demo'), demo]))
      .when(place)
      .thenCheck((decision) => {
        expect(kindsOf(decision)).toEqual({ accounting: 'local', checkout: 'local', fraud: 'local', kafka: 'local' });
        expect(reasonOf(decision, 'kafka')?.code).toBe('queue-follows-consumer');
        expect(reasonOf(decision, 'accounting')).toEqual({
          code: 'consumer-follows-queue',
          text: "accounting must run here: kafka runs here, and demo's accounting would not see its messages",
          because: ['accounting', 'kafka', 'fraud'],
        });
      });
  });

  test('leaves the queue where everybody at it tells messages apart by their context', () => {
    const told = (kind: 'publishes' | 'consumes') =>
      ({ service: 'orders', kind, protocol: 'tcp', propagates: true }) as const;
    const base = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: [told('publishes')] }),
        aService('orders'),
        aService('worker', { dependsOn: [told('consumes')] }),
      ],
    });
    const feat = overlay('feat', { worker: { args: ['-v'], dependsOn: [told('consumes')] } });
    given(derived([feat, base]))
      .when((input) => kindsOf(place(input)))
      .then({ orders: 'inherited', web: 'inherited', worker: 'local' });
    given(derived([feat, base]))
      .when((input) => {
        const decision = draftPlan(input);
        return decision.kind === 'drafted'
          ? decision.plan.contextEdges.map(({ from, to, carrier }) => [from, to, carrier])
          : [];
      })
      .then([
        ['orders', 'worker', 'header'],
        ['web', 'orders', 'header'],
      ]);
  });

  test('asks nothing of a caller that no entry reaches', () => {
    const cron = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: ['payments'] }),
        aService('cron', { dependsOn: [{ service: 'payments', propagates: false }] }),
        aService('payments'),
      ],
    });
    given(derived([overlay('feat', { payments: { args: ['-v'] } }), cron]))
      .when((input) => kindsOf(place(input)))
      .then({ cron: 'inherited', payments: 'local', web: 'inherited' });
  });

  test('denies a service that the overlay takes away, and makes its callers carry the context', () => {
    given(derived([aRevision('feat', { parent: 'shop', removes: ['shipping'] }), shop]))
      .when(place)
      .thenCheck((decision) => {
        const { shipping, checkout, catalog } = placedOf(decision);
        expect(shipping).toMatchObject({ kind: 'denied', code: 'removed', carriesContext: true });
        expect([checkout?.carriesContext, catalog?.carriesContext]).toEqual([true, false]);
      });
  });

  test('leaves a service to the environment that it is mapped to, and runs no copy where that cannot provide it', () => {
    const mapped = (remote: Candidate | null) => {
      const input = derived([
        aRevision('shop', { services: [aService('web', { expose: true, dependsOn: ['mail'] })] }),
      ]);
      const spec = aService('mail');
      const rest = { name: 'mail', identity: 'svc-mail', spec, specDigest: specDigest(spec), removed: false };
      const mail = { ...rest, owner: 'post', candidates: remote === null ? [] : [remote], remote };
      const services = [mail, ...input.composition.value.services];
      return { ...input, composition: sealArtifact('composition', { ...input.composition.value, services }) };
    };
    const post = {
      env: 'post',
      service: 'mail',
      specDigest: specDigest(aService('mail')),
      eligible: true,
      reason: 'x',
    };

    given(mapped({ ...post, tier: 'explicit provider mapping' }))
      .when((input) => placedOf(place(input)).mail)
      .thenMatches({ kind: 'external', provider: { env: 'post', service: 'mail', specDigest: post.specDigest } });
    given(mapped({ ...post, tier: 'shared provider pool' }))
      .when((input) => placedOf(place(input)).mail)
      .thenMatches({ kind: 'shared' });
    given(mapped(null))
      .when((input) => place(input).kind)
      .then('contradiction');
  });

  test('leaves a change of capacity to the inherited instance and says so', () => {
    const more = { resources: { cpuMillicores: 900, memoryBytes: 1024, storageBytes: 0 }, dependsOn: ['store'] };
    given(derived([overlay('feat', { cart: more }), shop]))
      .when((input) => reasonOf(place(input), 'cart'))
      .then({
        code: 'declared-but-inherited',
        text: "cart is declared in feat with changes that shop's instance can stand in for: /resources (capacity)",
        because: ['/resources'],
      });
  });

  test('runs what is renamed here, and says what it was', () => {
    const services = [aService('cash')];
    const feat = aRevision('feat', {
      parent: 'shop',
      services,
      removes: ['payments'],
      formerNames: { cash: ['payments'] },
    });
    given(derived([feat, shop]))
      .when((input) => reasonOf(place(input), 'cash'))
      .then({
        code: 'renamed',
        text: 'cash is renamed in feat: it was payments, and nobody it derives from answers under its new name',
        because: ['payments'],
      });
  });

  test('says that a declaration is identical', () => {
    given(derived([overlay('feat', { payments: {} }), shop]))
      .when((input) => reasonOf(place(input), 'payments')?.text)
      .then("payments is declared in feat and identical to shop's, so shop provides it");
  });

  test('denies what is optional, nobody offers and cannot run', () => {
    const own = aService('web', { expose: true, dependsOn: [{ service: 'hints', required: false }] });
    given(derived([aRevision('shop', { services: [own, aService('hints', { run: null })] })]))
      .when(place)
      .thenCheck((decision) => {
        expect(placedOf(decision).hints).toMatchObject({ kind: 'denied', code: 'no-provider' });
        expect(kindsOf(decision).web).toBe('local');
      });
  });

  test('refuses what is required, nobody offers and cannot run', () => {
    const own = aService('web', { expose: true, dependsOn: ['hints'] });
    given(derived([aRevision('shop', { services: [own, aService('hints', { run: null })] })]))
      .when(place)
      .thenMatches({
        kind: 'contradiction',
        findings: [
          expect.objectContaining({
            severity: 'error',
            code: 'contradiction',
            subject: 'hints',
            reason:
              'hints must run here and cannot: shop derives from no other environment, so hints runs here; but hints declares nothing that could be run',
          }),
        ],
      });
  });

  test('names the shortest chain of a contradiction, and no consequence of it', () => {
    const ledger = { service: 'ledger', protocol: 'tcp' } as const;
    const base = aRevision('shop', {
      services: [
        aService('web', { expose: true, dependsOn: ['near', 'far'] }),
        aService('far', { dependsOn: ['near'] }),
        aService('near', { sharing: 'require', dependsOn: [ledger] }),
        aService('ledger'),
      ],
    });
    given(derived([overlay('feat', { ledger: { args: ['-v'] } }), base]))
      .when(place)
      .thenMatches({
        kind: 'contradiction',
        findings: [
          {
            severity: 'error',
            code: 'contradiction',
            subject: 'near',
            reason:
              'near must run here and cannot: ledger is changed in feat: /args (behaviour); near calls ledger over tcp, which carries no context, so near must run here too; but near must be shared: its sharing is "require", so no environment below may run a copy',
            next: 'set sharing.inherit of near to "allow" where it is declared, or take back what forces it to run here',
            evidence: expect.objectContaining({ requirements: 3 }),
          },
        ],
      });
  });

  test('refuses a change of a service that must be shared, also where the overlay lifts that itself', () => {
    const base = aRevision('shop', { services: [aService('web', { expose: true, sharing: 'require' })] });
    given(derived([overlay('feat', { web: { expose: true, sharing: 'allow', args: ['-v'] } }), base]))
      .when((input) => place(input).kind)
      .then('contradiction');
  });

  test('runs nothing where stopped is wanted: the remote alternative answers, else nobody does', () => {
    const own = { payments: { env: { FEE: '5' } }, extra: {} };
    given(derived([overlay('feat', own), shop], { wanted: 'stopped' }))
      .when(place)
      .thenCheck((decision) => {
        expect(placedOf(decision).payments).toMatchObject({ kind: 'inherited', provider: { env: 'shop' } });
        expect(placedOf(decision).extra).toMatchObject({ kind: 'denied', code: 'not-wanted' });
        expect(reasonOf(decision, 'extra')?.text).toBe(
          'feat is wanted stopped, so extra does not run here, and no environment offers it',
        );
        expect(Object.values(kindsOf(decision))).not.toContain('local');
      });
  });

  test('places a sleeping environment as it would run', () => {
    const awake = kindsOf(place(derived([payments2, shop])));
    given(derived([payments2, shop], { wanted: 'asleep' }))
      .when((input) => kindsOf(place(input)))
      .then(awake);
  });
});

const slowMs = 60_000; // many services on a machine that others use too

describe('draftPlan() on many services', () => {
  test('places a chain of five thousand services without recursion, each forced by the next', {
    timeout: slowMs,
  }, () => {
    const count = 5_000;
    const services = Array.from({ length: count }, (_, at) =>
      aService(`s${at}`, {
        expose: at === 0,
        dependsOn: at + 1 < count ? [{ service: `s${at + 1}`, propagates: false }] : [],
      }),
    );
    const base = aRevision('shop', { services });
    const last = services.at(-1);
    const decision = place(derived([overlay('feat', { [last?.name ?? '']: { args: ['-v'] } }), base]));
    expect(Object.values(kindsOf(decision)).every((kind) => kind === 'local')).toBe(true);
  });
});

describe('a service that is mapped to an address outside', () => {
  const pay = { host: 'pay.example.com', port: 443, portName: 'http', protocol: 'http' } as const;
  const mapping = (input: PlanInput, services: readonly string[]): PlanInput => {
    const composition = sealArtifact('composition', {
      ...input.composition.value,
      services: input.composition.value.services.map((service) => {
        if (!services.includes(service.name)) return service;
        const candidate: Candidate = {
          env: 'pay.example.com:443',
          external: pay,
          service: service.name,
          specDigest: service.specDigest,
          tier: 'explicit provider mapping',
          eligible: true,
          reason: 'mapped',
        };
        return { ...service, candidates: [candidate], remote: candidate };
      }),
    });
    return { ...input, composition };
  };

  test('is left to it: nothing is held, awaited or started for it, and a bridge leads there', () => {
    given(
      mapping(derived([overlay('feat', { checkout: { env: { A: '1' }, dependsOn: ['payments'] } }), shop]), [
        'payments',
      ]),
    )
      .when((input) => {
        const decision = draftPlan(input);
        if (decision.kind === 'refused') throw new Error(decision.findings[0]?.reason);
        return decision.plan;
      })
      .thenCheck(({ placements, jobs, omittedJobs, cost }) => {
        const placed = placements.find(({ service }) => service === 'payments');
        expect(placed).toMatchObject({ kind: 'external', external: pay });
        expect(placed).not.toHaveProperty('provider');
        expect(jobs.filter(({ kind }) => kind === 'await').map(({ provider }) => provider?.env)).not.toContain(
          'pay.example.com:443',
        );
        expect(omittedJobs.find(({ id }) => id === 'workload:payments')?.reason).toBe(
          'service is external from pay.example.com:443',
        );
        expect(cost.terms.filter(({ term }) => term === 'bridge').map(({ service }) => service)).toContain('payments');
      });
  });

  test('may be declared in a root for its ports alone', () => {
    const { run: _, ...spec } = aService('payments');
    const root = aRevision('solo', { services: [spec, aService('web', { dependsOn: ['payments'] })] });
    given(mapping(derived([root]), ['payments']))
      .when(place)
      .thenCheck((decision) => expect(kindsOf(decision)).toEqual({ payments: 'external', web: 'local' }));
  });
});
