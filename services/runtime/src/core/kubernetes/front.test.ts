import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backSteps, type Front, type FrontStep, frontedWord, frontSteps, isFronted, wayBack } from './front.ts';
import type { KubeObject } from './kube-object.ts';

const front: Front = { addresses: ['10.200.0.1', 'fd00::1'], ports: { http: 41_001, '': 41_002, admin: 41_003 } };
const ours = { allowed: false };

/** A cluster of one Service: what the API would make of each step. */
type World = { readonly service: KubeObject; readonly beside: ReadonlyMap<string, KubeObject> };

function after(world: World, step: FrontStep): World {
  const beside = new Map(world.beside);
  switch (step.kind) {
    case 'apply':
      return { ...world, beside: beside.set(step.object.metadata.name, step.object) };
    case 'delete':
      beside.delete(step.name.name);
      return { ...world, beside };
    case 'await-endpoints':
      return world;
    case 'patch': {
      const { resourceVersion } = step.patch.metadata;
      expect(resourceVersion).toBe(world.service.metadata.resourceVersion);
      const merged = mergePatch(world.service, step.patch) as KubeObject;
      const metadata = { ...merged.metadata, resourceVersion: String(Number(resourceVersion) + 1) };
      return { ...world, service: withoutEmpty({ ...merged, metadata }) };
    }
  }
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null) return patch;
  const merged: Record<string, unknown> = { ...(typeof target === 'object' ? target : {}) };
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  return merged;
}

/** The API keeps no empty map of annotations. */
function withoutEmpty(service: KubeObject): KubeObject {
  const { annotations = {}, ...metadata } = service.metadata;
  return Object.keys(annotations).length > 0 ? service : { ...service, metadata };
}

function stepsTo(world: World): readonly FrontStep[] {
  const fronting = frontSteps(world.service, front, ours);
  if (fronting.kind === 'refused') throw new Error(fronting.reason);
  return fronting.steps;
}

function doAll(world: World, steps: readonly FrontStep[], crashAfter = steps.length): World {
  return steps.slice(0, crashAfter).reduce(after, world);
}

function aServiceObject(selector: Readonly<Record<string, string>>, more: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'pay', namespace: 'shop', resourceVersion: '7', ...more },
    spec: { type: 'ClusterIP', clusterIP: '10.100.1.2', selector, ports: [{ name: 'http', port: 8080 }] },
  };
}

function sameButForVersion({ metadata: { resourceVersion: _, ...metadata }, ...rest }: KubeObject): object {
  return { ...rest, metadata };
}

const word = fc.stringMatching(/^[a-z][a-z0-9./-]{0,12}[a-z0-9]$/);
const selectors = fc.dictionary(word, word, { minKeys: 1, maxKeys: 4 });
const services = fc
  .record({ selector: selectors, annotations: fc.option(fc.dictionary(word, fc.string(), { minKeys: 1, maxKeys: 3 })) })
  .map(({ selector, annotations }) => aServiceObject(selector, annotations === null ? {} : { annotations }));
const crash = fc.nat(6);

test('the way back is exact, whatever was done of the way there and of the way back before it', () => {
  fc.assert(
    fc.property(services, fc.array(fc.tuple(fc.boolean(), crash), { maxLength: 5 }), (service, runs) => {
      let world: World = { service, beside: new Map() };
      for (const [there, crashAfter] of runs)
        world = doAll(world, there ? stepsTo(world) : backSteps(world.service), crashAfter);
      world = doAll(world, backSteps(world.service));
      expect(sameButForVersion(world.service)).toEqual(sameButForVersion(service));
      expect(world.beside.size).toBe(0);
    }),
  );
});

test('the way there ends fronted, whatever was done before it, and a second time changes nothing', () => {
  fc.assert(
    fc.property(services, fc.array(fc.tuple(fc.boolean(), crash), { maxLength: 5 }), (service, runs) => {
      let world: World = { service, beside: new Map() };
      for (const [there, crashAfter] of runs)
        world = doAll(world, there ? stepsTo(world) : backSteps(world.service), crashAfter);
      world = doAll(world, stepsTo(world));
      expect(isFronted(world.service)).toBe(true);
      expect([...world.beside.keys()].sort()).toEqual(['pay-front', 'pay-front-v6']);
      expect(doAll(world, stepsTo(world))).toEqual(world);
    }),
  );
});

test('at every moment somebody answers: pods by the selector, or the router beside it', () => {
  fc.assert(
    fc.property(services, fc.array(fc.tuple(fc.boolean(), crash), { maxLength: 5 }), (service, runs) => {
      let world: World = { service, beside: new Map() };
      for (const [there, crashAfter] of runs)
        for (const step of (there ? stepsTo(world) : backSteps(world.service)).slice(0, crashAfter)) {
          world = after(world, step);
          expect(!isFronted(world.service) || world.beside.size > 0).toBe(true);
        }
    }),
  );
});

test.each([
  ['instead of ours', { app: 'pay', version: '2' }],
  ['beside ours', { [frontedWord]: 'true', app: 'pay', version: '2' }],
])('a selector that somebody wrote meanwhile %s is newer than the one that was kept', (_, selector) => {
  const there = doAll(
    { service: aServiceObject({ app: 'pay' }), beside: new Map() },
    stepsTo({ service: aServiceObject({ app: 'pay' }), beside: new Map() }),
  );
  const changed = { ...there.service, spec: { ...(there.service.spec as object), selector } };
  const back = doAll({ ...there, service: changed }, backSteps(changed));
  expect((back.service.spec as { selector: object }).selector).toEqual({ app: 'pay', version: '2' });
  expect(back.service.metadata.annotations).toBeUndefined();
});

describe('fronting is refused', () => {
  const managed = (manager: string) => ({
    managedFields: [{ manager, fieldsV1: { 'f:spec': { 'f:selector': { 'f:app': {} } } } }],
  });
  const why = (service: KubeObject, allowed = false, to: Front = front) => {
    const fronting = frontSteps(service, to, { allowed });
    return fronting.kind === 'refused' ? fronting.reason : fronting.kind;
  };

  test('where somebody else manages the selector, unless the baseline allows it', () => {
    expect(why(aServiceObject({ app: 'pay' }, managed('helm')))).toBe(
      'Cannot front Service shop/pay: its selector is managed by helm; next: say routing.front: allow in the baseline, or run its callers here',
    );
    expect(why(aServiceObject({ app: 'pay' }, managed('helm')), true)).toBe('steps');
    expect(why(aServiceObject({ app: 'pay' }, managed('microstax')))).toBe('steps');
  });

  test.each([
    ['without a selector', { selector: {} }],
    ['without a cluster address', { clusterIP: 'None' }],
    ['that is another name', { type: 'ExternalName' }],
  ])('of a Service %s', (_, spec) => {
    const service = aServiceObject({ app: 'pay' });
    expect(why({ ...service, spec: { ...(service.spec as object), ...spec } })).toContain(
      'only a Service with a selector',
    );
  });

  test('where the router does not listen for a port, or nowhere that pods reach', () => {
    expect(why(aServiceObject({ app: 'pay' }), false, { ...front, ports: {} })).toContain('its port http');
    expect(why(aServiceObject({ app: 'pay' }), false, { ...front, addresses: [] })).toContain('no address');
  });

  test.each(['', '[]', '"text"', '{"app":1}', '{'])('where the way back reads %j', (kept) => {
    const service = aServiceObject({ [frontedWord]: 'true' }, { annotations: { [wayBack]: kept } });
    expect(why(service)).toContain('there is no way back');
  });
});
