import type { ComposedService, Composition, RemoteTier } from '@microstax/model/composition';
import { lineageDepthMax } from '@microstax/model/derivation';
import { type Digest, digestOf } from '@microstax/model/digest';
import type { EffectiveGraph } from '@microstax/model/effective-graph';
import type { Revision } from '@microstax/model/revision';
import { type ServiceSpec, specDigest } from '@microstax/model/service-spec';
import { aRevision, aService, type RevisionDraft } from '@microstax/testkit/blueprints';
import { given } from '@microstax/testkit/given';
import { disordered, lineages, services } from '@microstax/testkit/lineages';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeEnvironment } from './composition.ts';
import { effectiveChain, effectiveGraph } from './effective-graph.ts';

const derivation: Digest = digestOf('derivation', 'test');

type Given = {
  /** Root first, the environment itself last. */
  readonly lineage: readonly Revision[];
  readonly outside?: readonly Revision[];
  readonly poolHolders?: ReadonlyMap<string, number>;
  /** What an ancestor offers at present, where its child pinned it. */
  readonly offered?: Readonly<Record<string, readonly ServiceSpec[]>>;
};

function composition({ lineage, outside = [], offered = {}, ...rest }: Given): Composition {
  const chain = effectiveChain(lineage);
  const own = lineage.at(-1) as Revision;
  const ancestors = lineage.slice(0, -1).map((revision, index) => {
    const present = offered[revision.env]?.map((spec): [string, Digest] => [spec.name, specDigest(spec)]);
    const read = { env: revision.env, revision, effective: chain[index] as EffectiveGraph };
    return present === undefined ? read : { ...read, offered: new Map(present) };
  });
  return composeEnvironment({
    env: own.env,
    mode: own.mode,
    lineage: ancestors.reverse(),
    own,
    effective: chain.at(-1) as EffectiveGraph,
    outside: outside.map((revision) => ({
      env: revision.env,
      effective: effectiveGraph([revision]),
      revisions: [revision],
    })),
    derivation,
    ...rest,
  });
}

function of(composed: Composition, name: string): ComposedService {
  const found = composed.services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`Cannot find "${name}" among ${composed.services.map((each) => each.name)}`);
  return found;
}

/** `tier env` of an eligible candidate, `tier env: code` of another. */
const inShort = ({ candidates }: ComposedService) =>
  candidates.map(({ tier, env, code }) => `${tier} ${env}${code === undefined ? '' : `: ${code}`}`);
const remoteEnv = (service: ComposedService) => service.remote?.env ?? null;

const pay = (fee: string, draft: Parameters<typeof aService>[1] = {}) =>
  aService('pay', { env: { FEE_PERCENT: fee }, ...draft });
const web = aService('web', { dependsOn: ['pay'] });
const shop = aRevision('shop', { services: [web, pay('2')] });
const team = (draft: RevisionDraft = {}) => aRevision('team', { parent: 'shop', ...draft });
const feature = (draft: RevisionDraft = {}) => aRevision('feature', { parent: 'team', ...draft });

describe('composeEnvironment()', () => {
  test('gives a root all services, its own words on routing, and no candidates', () => {
    given({
      lineage: [aRevision('shop', { services: [web, pay('2')], routing: { headerName: 'x-shop', unknown: 'deny' } })],
    })
      .when(composition)
      .thenCheck((composed) => {
        expect(composed).toMatchObject({ env: 'shop', mode: 'baseline', root: 'shop', ancestors: [], derivation });
        expect(composed.rootRouting).toEqual({ headerName: 'x-shop', unknown: 'deny' });
        expect(composed.services.map(({ name }) => name)).toEqual(['pay', 'web']);
        expect(composed.services.map(({ owner, candidates, remote }) => [owner, candidates, remote])).toEqual([
          ['shop', [], null],
          ['shop', [], null],
        ]);
      });
  });

  test('gives an overlay the routing of its root', () => {
    const root = aRevision('shop', { routing: { headerName: 'x-shop' } });
    given({ lineage: [root, team(), feature()] })
      .when(composition)
      .thenCheck((composed) => {
        expect(composed).toMatchObject({ root: 'shop', ancestors: ['team', 'shop'] });
        expect(composed.rootRouting).toEqual({ headerName: 'x-shop', unknown: 'baseline' });
      });
  });

  test('offers an inherited service from its owner, by the digest of what that one declares', () => {
    given({ lineage: [shop, team()] })
      .when(composition)
      .thenCheck((composed) => {
        expect(of(composed, 'pay')).toMatchObject({ owner: 'shop', removed: false });
        expect(of(composed, 'pay').candidates).toEqual([
          {
            env: 'shop',
            service: 'pay',
            specDigest: specDigest(pay('2')),
            tier: 'baseline',
            eligible: true,
            reason: '"shop" declares it',
          },
        ]);
        expect(of(composed, 'pay').remote).toEqual(of(composed, 'pay').candidates[0]);
      });
  });

  test('lists ancestors that changed a service nearest first, and takes the nearest', () => {
    given({ lineage: [shop, team({ services: [pay('3')] }), feature()] })
      .when(composition)
      .thenCheck((composed) => {
        expect(inShort(of(composed, 'pay'))).toEqual(['inherited ancestor team', 'baseline shop']);
        expect(of(composed, 'pay').owner).toBe('team');
        expect(of(composed, 'pay').remote?.specDigest).toBe(specDigest(pay('3')));
        expect(inShort(of(composed, 'web'))).toEqual(['baseline shop']);
      });
  });

  test('a service changed here still lists what it overrides', () => {
    given({ lineage: [shop, team({ services: [pay('3')] }), feature({ services: [pay('4')] })] })
      .when(composition)
      .thenCheck((composed) => {
        expect(of(composed, 'pay')).toMatchObject({ owner: 'feature', specDigest: specDigest(pay('4')) });
        expect(inShort(of(composed, 'pay'))).toEqual(['inherited ancestor team', 'baseline shop']);
        expect(remoteEnv(of(composed, 'pay'))).toBe('team');
      });
  });

  test('an ancestor with another capacity only is no provider, its own spec is effective all the same', () => {
    const bigger = pay('2', { resources: { cpuMillicores: 900, memoryBytes: 1, storageBytes: 0 } });

    given({ lineage: [shop, team({ services: [bigger] }), feature()] })
      .when(composition)
      .thenCheck((composed) => {
        expect(inShort(of(composed, 'pay'))).toEqual(['baseline shop']);
        expect(of(composed, 'pay').spec).toEqual(bigger);
        expect(of(composed, 'pay').remote?.specDigest).toBe(specDigest(pay('2')));
      });
  });

  test('a service added here has no candidates', () => {
    given({ lineage: [shop, team({ services: [aService('new')] })] })
      .when(composition)
      .thenCheck((composed) => {
        expect(of(composed, 'new')).toMatchObject({ owner: 'team', candidates: [], remote: null });
      });
  });

  test('a service added again behind a removal has nothing to do with the one before', () => {
    given({ lineage: [shop, team({ removes: ['pay'] }), feature({ services: [pay('2')] })] })
      .when(composition)
      .thenCheck((composed) => {
        expect(of(composed, 'pay')).toMatchObject({ owner: 'feature', removed: false, candidates: [], remote: null });
      });
  });

  describe('removed services', () => {
    test('are listed with what the parent had and why nobody may answer', () => {
      given({ lineage: [shop, team({ removes: ['pay'] })] })
        .when(composition)
        .thenCheck((composed) => {
          expect(of(composed, 'pay')).toMatchObject({
            removed: true,
            owner: 'team',
            specDigest: specDigest(pay('2')),
            candidates: [{ env: 'shop', code: 'removed-here', reason: 'removed here', eligible: false }],
            remote: null,
          });
        });
    });

    test('stay listed in children, with the environment that took them away', () => {
      given({ lineage: [shop, team({ removes: ['pay'] }), feature()] })
        .when(composition)
        .thenCheck((composed) => {
          expect(of(composed, 'pay')).toMatchObject({ removed: true, owner: 'team', remote: null });
          expect(of(composed, 'pay').candidates).toMatchObject([{ env: 'shop', reason: 'removed in "team"' }]);
        });
    });

    test('are owned by the nearest environment that took them away', () => {
      const deep = aRevision('deep', { parent: 'feature', removes: ['pay'] });

      given({ lineage: [shop, team({ removes: ['pay'] }), feature({ services: [pay('7')] }), deep] })
        .when(composition)
        .thenCheck((composed) => {
          expect(of(composed, 'pay')).toMatchObject({ owner: 'deep', specDigest: specDigest(pay('7')) });
          expect(inShort(of(composed, 'pay'))).toEqual(['inherited ancestor feature: removed-here']);
        });
    });

    test('are no news where the parent had none', () => {
      given({ lineage: [shop, team({ removes: ['stranger'] })] })
        .when(composition)
        .thenCheck((composed) => {
          expect(composed.services.map(({ name }) => name)).toEqual(['pay', 'web']);
        });
    });

    test('come back by a mapping nearer than the removal', () => {
      const lineage = [shop, team({ removes: ['pay'] }), feature({ routing: { providers: { pay: 'bank' } } })];

      given({ lineage, outside: [aRevision('bank', { services: [pay('9')] })] })
        .when(composition)
        .thenCheck((composed) => {
          expect(of(composed, 'pay')).toMatchObject({
            removed: false,
            owner: 'bank',
            specDigest: specDigest(pay('9')),
          });
          expect(inShort(of(composed, 'pay'))).toEqual(['explicit provider mapping bank']);
        });
    });
  });

  describe('explicit mapping', () => {
    const mapped = team({ routing: { providers: { pay: 'bank' } } });

    test('comes before every ancestor', () => {
      given({ lineage: [shop, mapped], outside: [aRevision('bank', { services: [pay('9')] })] })
        .when(composition)
        .thenCheck((composed) => {
          expect(inShort(of(composed, 'pay'))).toEqual(['explicit provider mapping bank', 'baseline shop']);
          expect(of(composed, 'pay').remote).toMatchObject({ env: 'bank', specDigest: specDigest(pay('9')) });
        });
    });

    test.each([
      ['an environment that lacks the service', [aRevision('bank')], '"bank" has no service "pay"'],
      ['an unknown environment', [], '"bank" is not known'],
    ])('to %s is not-declared, and the next tier answers', (_, outside, reason) => {
      given({ lineage: [shop, mapped], outside })
        .when(composition)
        .thenCheck((composed) => {
          expect(inShort(of(composed, 'pay'))).toEqual([
            'explicit provider mapping bank: not-declared',
            'baseline shop',
          ]);
          expect(of(composed, 'pay').candidates[0]).toMatchObject({ reason, specDigest: specDigest(pay('2')) });
          expect(remoteEnv(of(composed, 'pay'))).toBe('shop');
        });
    });

    test('to the environment itself is no provider', () => {
      given({ lineage: [shop, team({ routing: { providers: { pay: 'team' } } })] })
        .when(composition)
        .thenCheck((composed) => {
          expect(of(composed, 'pay').candidates[0]).toMatchObject({
            code: 'not-declared',
            reason: 'mapped to this environment itself',
          });
        });
    });

    test('to an ancestor passes over the ones between', () => {
      const lineage = [shop, team({ services: [pay('3')] }), feature({ routing: { providers: { pay: 'shop' } } })];

      given({ lineage })
        .when(composition)
        .thenCheck((composed) => {
          expect(of(composed, 'pay').remote).toMatchObject({
            tier: 'explicit provider mapping',
            env: 'shop',
            specDigest: specDigest(pay('2')),
          });
        });
    });

    test('of an ancestor makes that ancestor a provider for its children', () => {
      given({ lineage: [shop, mapped, feature()], outside: [aRevision('bank', { services: [pay('9')] })] })
        .when(composition)
        .thenCheck((composed) => {
          expect(inShort(of(composed, 'pay'))).toEqual(['inherited ancestor team', 'baseline shop']);
          expect(of(composed, 'pay').remote).toMatchObject({ env: 'team', reason: '"team" maps it to "bank"' });
        });
    });

    test('of an ancestor is judged by what answers behind it', () => {
      given({
        lineage: [shop, mapped, feature()],
        outside: [aRevision('bank', { services: [pay('9', { sharing: 'deny' })] })],
      })
        .when(composition)
        .thenCheck((composed) => {
          expect(inShort(of(composed, 'pay'))).toEqual(['inherited ancestor team: sharing-denied', 'baseline shop']);
        });
    });

    test('lists a service that nobody in the lineage declares', () => {
      given({
        lineage: [shop, team({ routing: { providers: { tax: 'bank' } } })],
        outside: [aRevision('bank', { services: [aService('tax')] })],
      })
        .when(composition)
        .thenCheck((composed) => {
          expect(of(composed, 'tax')).toMatchObject({
            owner: 'bank',
            removed: false,
            specDigest: specDigest(aService('tax')),
          });
          expect(inShort(of(composed, 'tax'))).toEqual(['explicit provider mapping bank']);
        });
    });
  });

  test('a service may be called like a member of every object', () => {
    const root = aRevision('shop', { services: [aService('constructor')] });

    given({ lineage: [root, team()] })
      .when(composition)
      .thenCheck((composed) => {
        expect(inShort(of(composed, 'constructor'))).toEqual(['baseline shop']);
      });
  });

  describe('pools', () => {
    const needy = aRevision('shop', { services: [aService('web', { dependsOn: ['tax'] })] });
    const pool = (env: string) => aRevision(env, { services: [aService('tax')] });

    test('provide what nobody in the lineage declares, in the order of names', () => {
      given({
        lineage: [needy, team({ routing: { pools: ['zeta', 'alpha', 'empty'] } })],
        outside: [pool('zeta'), pool('alpha'), aRevision('empty')],
      })
        .when(composition)
        .thenCheck((composed) => {
          expect(inShort(of(composed, 'tax'))).toEqual(['shared provider pool alpha', 'shared provider pool zeta']);
          expect(of(composed, 'tax').owner).toBe('alpha');
        });
    });

    test('are the last tier for what is declared', () => {
      given({
        lineage: [shop, team({ routing: { pools: ['alpha'] } })],
        outside: [aRevision('alpha', { services: [pay('2')] })],
      })
        .when(composition)
        .thenCheck((composed) => {
          expect(inShort(of(composed, 'pay'))).toEqual(['baseline shop', 'shared provider pool alpha']);
        });
    });

    test('of an ancestor serve its children through that ancestor', () => {
      const root = aRevision('shop', {
        services: [aService('web', { dependsOn: ['tax'] })],
        routing: { pools: ['alpha'] },
      });

      given({ lineage: [root, team()], outside: [pool('alpha')] })
        .when(composition)
        .thenCheck((composed) => {
          expect(inShort(of(composed, 'tax'))).toEqual(['baseline shop']);
          expect(of(composed, 'tax').remote?.reason).toBe('"shop" has it from "alpha"');
        });
    });

    test('of an ancestor end where a level takes the service away', () => {
      const root = aRevision('shop', {
        services: [aService('web', { dependsOn: ['tax'] })],
        routing: { pools: ['alpha'] },
      });
      const names = (lineage: Revision[]) =>
        composition({ lineage, outside: [pool('alpha')] }).services.map(({ name }) => name);

      expect(names([root, team(), feature()])).toEqual(['tax', 'web']);
      expect(names([root, team({ removes: ['tax'] }), feature()])).toEqual(['web']);
      expect(names([root, team(), feature({ removes: ['tax'] })])).toEqual(['web']);
    });

    test('give nothing that is not asked for', () => {
      given({ lineage: [shop, team({ routing: { pools: ['alpha'] } })], outside: [pool('alpha')] })
        .when(composition)
        .thenCheck((composed) => {
          expect(composed.services.map(({ name }) => name)).toEqual(['pay', 'web']);
        });
    });
  });

  describe('eligibility', () => {
    const codes = (root: ServiceSpec, own: RevisionDraft = {}) => {
      const composed = composition({ lineage: [aRevision('shop', { services: [web, root] }), team(own)] });
      return of(composed, 'pay').candidates.map(({ code, reason }) => ({ code, reason }));
    };

    test('sharing may be denied by the provider', () => {
      expect(codes(pay('2', { sharing: 'deny' }))).toEqual([
        { code: 'sharing-denied', reason: '"shop" does not share it' },
      ]);
    });

    test('sharing may be denied here', () => {
      expect(codes(pay('2'), { services: [pay('2', { sharing: 'deny' })] })).toEqual([
        { code: 'sharing-denied', reason: 'declared here as not to be inherited' },
      ]);
    });

    test('a provider must have something that can run', () => {
      expect(codes(pay('2', { run: null }))).toEqual([
        { code: 'no-spec', reason: '"shop" declares nothing that can run' },
      ]);
    });

    test('a port that a caller here names must be there', () => {
      const caller = aService('web', { dependsOn: [{ service: 'pay', port: 'admin' }] });
      expect(codes(pay('2'), { services: [caller] })).toEqual([
        { code: 'port-missing', reason: '"web" needs port "admin", "shop" has none of that name' },
      ]);
    });

    test('a named port must speak what the caller speaks', () => {
      const caller = aService('web', { dependsOn: [{ service: 'pay', port: 'http', protocol: 'grpc' }] });
      expect(codes(pay('2'), { services: [caller] })).toEqual([
        { code: 'protocol-mismatch', reason: '"web" needs grpc on port "http", that of "shop" is http' },
      ]);
    });

    const grpc = { name: 'rpc', containerPort: 9000, protocol: 'grpc' } as const;
    const grpcCaller = aService('web', { dependsOn: [{ service: 'pay', kind: 'calls', protocol: 'grpc' }] });

    test('without a port name any port of the protocol will do, where the service here has one', () => {
      expect(codes(pay('2'), { services: [grpcCaller, pay('3', { ports: [grpc] })] })).toEqual([
        { code: 'protocol-mismatch', reason: '"web" calls grpc, "shop" has no such port' },
      ]);
      expect(codes(pay('2'), { services: [grpcCaller] })).toEqual([{ code: undefined, reason: '"shop" declares it' }]);
    });

    test('an unused port may be missing', () => {
      expect(codes(pay('2'), { services: [pay('3', { ports: [...pay('3').ports, grpc] })] })).toEqual([
        { code: undefined, reason: '"shop" declares it' },
      ]);
    });

    test('what was pinned must be what the ancestor offers at present', () => {
      const lineage = [shop, team()];
      const notWhatRuns = { code: 'not-what-runs', reason: 'the pinned spec is not what "shop" offers at present' };

      expect(of(composition({ lineage, offered: { shop: [pay('2'), web] } }), 'pay').remote?.env).toBe('shop');
      expect(of(composition({ lineage, offered: { shop: [pay('3'), web] } }), 'pay').candidates).toMatchObject([
        notWhatRuns,
      ]);
      expect(of(composition({ lineage, offered: { shop: [pay('3'), web] } }), 'web').remote?.env).toBe('shop');
      expect(of(composition({ lineage, offered: { shop: [web] } }), 'pay').remote).toBeNull();
    });

    test('what was imported as an image can run as well', () => {
      const imported = pay('2', { run: null, image: 'docker.io/acme/pay:2' });
      expect(codes(imported)).toEqual([{ code: undefined, reason: '"shop" declares it' }]);
    });

    test.each([
      ['1.4', undefined],
      ['1.2', undefined],
      ['1.5', { code: 'contract-incompatible', reason: '"web" needs contract 1.5, that of "shop" is 1.4' }],
      ['2.0', { code: 'contract-incompatible', reason: '"web" needs contract 2.0, that of "shop" is 1.4' }],
    ])('contract 1.4 is asked for as %s', (contract, verdict) => {
      const caller = aService('web', { dependsOn: [{ service: 'pay', contract }] });
      expect(codes(pay('2', { contract: { version: '1.4' } }), { services: [caller] })).toEqual([
        verdict ?? { code: undefined, reason: '"shop" declares it' },
      ]);
    });

    test('a contract that is asked for must be stated, also by who is only read from', () => {
      const caller = aService('web', { dependsOn: [{ service: 'pay', kind: 'reads', contract: '1.0' }] });
      expect(codes(pay('2'), { services: [caller] })).toEqual([
        { code: 'contract-incompatible', reason: '"web" needs contract 1.0, "shop" states none' },
      ]);
    });

    test('of two callers that ask for one port the one that asks for more decides', () => {
      const callers = [aService('app'), aService('web')].map(({ name }, index) =>
        aService(name, { dependsOn: [{ service: 'pay', ...(index === 0 ? {} : { contract: '3.0' }) }] }),
      );
      expect(codes(pay('2', { contract: { version: '2.9' } }), { services: callers })).toMatchObject([
        { reason: '"web" needs contract 3.0, that of "shop" is 2.9' },
      ]);
    });

    describe('residency', () => {
      const eu = { allowed: ['eu-north', 'eu-west'] };
      const root = (region?: string) =>
        aRevision('shop', { services: [web, pay('2')], ...(region === undefined ? {} : { residency: { region } }) });
      const verdict = (lineage: Revision[]) => of(composition({ lineage }), 'pay').candidates[0];

      test('lets a provider in an allowed region answer', () => {
        expect(verdict([root('eu-west'), team({ residency: eu })])).toMatchObject({ eligible: true });
      });

      test.each([
        [root('us-east'), '"shop" is in region "us-east", allowed are "eu-north", "eu-west"'],
        [root(), '"shop" states no region, allowed are "eu-north", "eu-west"'],
      ])('bars one in another region, and one that states none', (baseline, reason) => {
        expect(verdict([baseline, team({ residency: eu })])).toMatchObject({ code: 'residency', reason });
      });

      test('is kept by who derives, unless it says something of its own', () => {
        const lineage = [root('us-east'), team({ residency: eu }), feature()];
        expect(verdict(lineage)).toMatchObject({ code: 'residency' });
        expect(verdict([...lineage.slice(0, 2), feature({ residency: { allowed: ['us-east'] } })])).toMatchObject({
          eligible: true,
        });
      });

      test('is asked of who answers behind a mapping as well', () => {
        const baseline = aRevision('shop', { services: [web, pay('2')], residency: { region: 'eu-west' } });
        const mapped = team({ residency: { ...eu, region: 'eu-west' }, routing: { providers: { pay: 'bank' } } });
        const bank = aRevision('bank', { services: [pay('9')], residency: { region: 'us-east' } });
        const [first, second] = of(
          composition({ lineage: [baseline, mapped, feature()], outside: [bank] }),
          'pay',
        ).candidates;
        expect(first).toMatchObject({ env: 'team', code: 'residency', reason: expect.stringContaining('"bank"') });
        expect(second).toMatchObject({ env: 'shop', eligible: true });
      });
    });

    test('another organisation provides nothing', () => {
      const mapped = team({ routing: { providers: { pay: 'bank' } } });
      const bank = aRevision('bank', { org: 'other', services: [pay('9')] });
      expect(of(composition({ lineage: [shop, mapped], outside: [bank] }), 'pay').candidates[0]).toMatchObject({
        code: 'foreign-organisation',
        reason: '"bank" belongs to organisation "other", not "default"',
      });
    });

    test('an environment deeper than a lineage may be provides nothing', () => {
      const deep = Array.from({ length: lineageDepthMax + 1 }, (_, depth) =>
        aRevision(`level-${depth}`, depth === 0 ? { services: [pay('2')] } : { parent: `level-${depth - 1}` }),
      );
      const verdicts = (lineage: Revision[]) => of(composition({ lineage }), 'pay').candidates.map(({ code }) => code);
      expect(verdicts(deep)).toEqual([undefined]);
      expect(verdicts([...deep, aRevision('leaf', { parent: `level-${lineageDepthMax}` })])).toEqual(['too-deep']);
    });

    test('the next candidate answers where the nearest may not', () => {
      given({ lineage: [shop, team({ services: [pay('3', { sharing: 'deny' })] }), feature({ services: [pay('4')] })] })
        .when(composition)
        .thenCheck((composed) => {
          expect(inShort(of(composed, 'pay'))).toEqual(['inherited ancestor team: sharing-denied', 'baseline shop']);
          expect(remoteEnv(of(composed, 'pay'))).toBe('shop');
        });
    });
  });

  describe('for any lineage', () => {
    const outside = fc
      .record({
        outside: fc.array(services('pay'), { maxLength: 1 }),
        pool: fc.array(services('db'), { maxLength: 1 }),
      })
      .map((drawn) => Object.entries(drawn).map(([env, specs]) => aRevision(env, { services: specs })));
    const order: readonly RemoteTier[] = [
      'explicit provider mapping',
      'inherited ancestor',
      'baseline',
      'shared provider pool',
    ];
    const codes = [
      ...['removed-here', 'not-declared', 'residency', 'no-spec', 'sharing-denied'],
      ...['port-missing', 'protocol-mismatch', 'contract-incompatible'],
    ];

    test('candidates stand in tier order, the first eligible one is the remote alternative', () => {
      fc.assert(
        fc.property(lineages(), outside, (lineage, others) => {
          const composed = composition({ lineage, outside: others });
          const rank = ({ tier, env }: ComposedService['candidates'][number]) =>
            order.indexOf(tier) * 100 + (tier === 'inherited ancestor' ? composed.ancestors.indexOf(env) : 0);
          for (const { name, candidates, remote, removed } of composed.services) {
            const ranks = candidates.map(rank);
            expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
            expect(remote).toEqual(candidates.find(({ eligible }) => eligible) ?? null);
            if (removed) expect(remote).toBeNull();
            for (const each of candidates) {
              expect(each.service).toBe(name);
              expect(each.env).not.toBe(each.eligible && composed.env);
              expect(each.eligible ? [undefined] : codes).toContain(each.code);
            }
          }
        }),
        { numRuns: 400 },
      );
    });

    test('every effective service is there with its spec and owner, every name once and in order', () => {
      fc.assert(
        fc.property(lineages(), outside, (lineage, others) => {
          const composed = composition({ lineage, outside: others });
          const names = composed.services.map(({ name }) => name);
          expect(names).toEqual([...new Set(names)].sort());
          for (const { name, owner, identity, spec, specDigest: digest } of effectiveGraph(lineage).services) {
            expect(of(composed, name)).toMatchObject({ owner, identity, spec, specDigest: digest, removed: false });
          }
        }),
        { numRuns: 200 },
      );
    });

    test('nothing depends on the order of declarations, mappings, pools or neighbours', () => {
      fc.assert(
        fc.property(lineages(), outside, fc.nat(), (lineage, others, seed) => {
          const shuffled = lineage.map((revision) => disordered(revision, seed));
          expect(composition({ lineage: shuffled, outside: [...others].reverse() })).toEqual(
            composition({ lineage, outside: others }),
          );
        }),
        { numRuns: 200 },
      );
    });
  });
});

describe('mappings to an address outside', () => {
  const address = { host: 'pay.example.com', port: 443, portName: 'http', protocol: 'http' } as const;
  const outside = (draft: RevisionDraft = {}, region?: string) =>
    team({ routing: { externals: { pay: region === undefined ? address : { ...address, region } } }, ...draft });

  test('go before every ancestor, and say which address', () => {
    given({ lineage: [shop, outside()] })
      .when(composition)
      .thenCheck((composed) => {
        expect(inShort(of(composed, 'pay'))).toEqual([
          'explicit provider mapping pay.example.com:443',
          'baseline shop',
        ]);
        expect(of(composed, 'pay').remote).toMatchObject({ external: address, service: 'pay', eligible: true });
      });
  });

  test('make a service that nobody declares, with the port that is said there', () => {
    const mapped = aRevision('shop', { services: [web], routing: { externals: { pay: address } } });
    given({ lineage: [mapped, team()] })
      .when(composition)
      .thenCheck((composed) => {
        const found = of(composed, 'pay');
        expect(found).toMatchObject({ owner: 'pay.example.com:443', removed: false });
        expect(found.spec.ports).toEqual([{ name: 'http', containerPort: 443, protocol: 'http' }]);
        expect(found.candidates).toMatchObject([
          { env: 'shop', tier: 'baseline', eligible: true, reason: '"shop" has it from "pay.example.com:443"' },
        ]);
        expect(found.remote).not.toHaveProperty('external'); // an ancestor is asked, and its record leads on
      });
  });

  test('are refused where a caller needs another port, and where the address is in no region that is allowed', () => {
    const caller = aService('web', { dependsOn: [{ service: 'pay', port: 'grpc', protocol: 'grpc' }] });
    given({ lineage: [shop, outside({ services: [caller] })] })
      .when((input) => inShort(of(composition(input), 'pay'))[0])
      .then('explicit provider mapping pay.example.com:443: port-missing');
    const residency = { allowed: ['eu'] };
    given({ lineage: [shop, outside({ residency })] })
      .when((input) => inShort(of(composition(input), 'pay'))[0])
      .then('explicit provider mapping pay.example.com:443: residency');
    given({ lineage: [shop, outside({ residency }, 'eu')] })
      .when((input) => inShort(of(composition(input), 'pay'))[0])
      .then('explicit provider mapping pay.example.com:443');
  });

  test('bring back what an environment between took away', () => {
    const taken = team({ removes: ['pay'] });
    const mapped = feature({ routing: { externals: { pay: address } } });
    given({ lineage: [shop, taken, mapped] })
      .when((input) => of(composition(input), 'pay'))
      .thenCheck(({ removed, remote }) => {
        expect(removed).toBe(false);
        expect(remote?.external).toEqual(address);
      });
  });
});

describe('pools with terms', () => {
  const pool = (env: string, labels: Revision['labels'] = {}) =>
    aRevision(env, { services: [aService('mail')], labels });
  const caller = aService('web', { dependsOn: ['mail'] });
  const asking = (poolTerms: NonNullable<Revision['routing']['poolTerms']>) =>
    aRevision('shop', { services: [caller], routing: { pools: ['a-pool', 'b-pool'], poolTerms } });

  test('are passed over where they lack a label, in the order of their names', () => {
    given({
      lineage: [asking({ 'a-pool': { labels: { tier: '1' } }, 'b-pool': { labels: { tier: '1' } } })],
      outside: [pool('a-pool', { tier: '2' }), pool('b-pool', { tier: '1' })],
    })
      .when((input) => of(composition(input), 'mail'))
      .thenCheck((mail) => {
        expect(inShort(mail)).toEqual(['shared provider pool a-pool: labels-differ', 'shared provider pool b-pool']);
        expect(mail.candidates[0]?.reason).toBe('"a-pool" has "2" as label "tier", wanted is "1"');
      });
  });

  test.each([
    [0, 'a-pool'],
    [1, 'a-pool'],
    [2, 'b-pool'],
    [3, 'b-pool'],
  ])('with %i other holders of a capacity of 2 lead to %s', (holders, leadsTo) => {
    given({
      lineage: [asking({ 'a-pool': { capacity: 2 } })],
      outside: [pool('a-pool'), pool('b-pool')],
      poolHolders: new Map([['a-pool', holders]]),
    })
      .when((input) => of(composition(input), 'mail'))
      .thenCheck((mail) => {
        expect(remoteEnv(mail)).toBe(leadsTo);
        if (leadsTo === 'b-pool') expect(mail.candidates[0]).toMatchObject({ code: 'pool-full', eligible: false });
      });
  });
});
