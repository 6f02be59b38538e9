import { describe, expect, test } from 'vitest';
import {
  decideText,
  declarationOf,
  emptyGraph,
  findingIn,
  revisionOfText,
  sayings,
  viewOf,
} from './testing/decide-text.ts';

const shopView = viewOf('shop', ['cart', 'web']);
const inFeat = { env: 'feat', graph: { ...emptyGraph, parent: shopView } };
const feat = (routing: string, services = 'services: []\n'): string =>
  `name: feat\nrouting: { mode: overlay, baselineId: shop${routing} }\n${services}`;
const shop = (head: string, services = 'services: { web: { run: { command: node } } }\n'): string =>
  `name: shop\n${head}${services}`;

test('a baseline has header, policy for unknown contexts and value by default (protocol 6)', () => {
  expect(revisionOfText(shop('routing: { mode: baseline }\n'))).toMatchObject({
    org: 'default',
    env: 'shop',
    project: 'shop',
    mode: 'baseline',
    labels: {},
    routing: {
      value: 'shop',
      headerName: 'x-msx-env',
      propagateHeader: true,
      unknown: 'baseline',
      providers: {},
      pools: [],
    },
  });
});

test('an environment without routing is isolated', () => {
  expect(revisionOfText(shop('')).mode).toBe('isolated');
});

test('an overlay tracks its parent, belongs to its project and has no header of its own', () => {
  const revision = revisionOfText(feat(', overlayId: checkout-v2'), {
    ...inFeat,
    graph: { ...emptyGraph, parent: { ...shopView, project: 'store' } },
  });
  expect(revision).toMatchObject({
    mode: 'overlay',
    project: 'store',
    parent: { env: 'shop', link: 'tracking' },
    routing: { value: 'checkout-v2', propagateHeader: true, providers: {}, pools: [] },
  });
  expect(revision.routing).not.toHaveProperty('headerName');
  expect(revision.routing).not.toHaveProperty('unknown');
});

test('an overlay may say that it is pinned', () => {
  expect(revisionOfText(feat(', track: pinned'), inFeat).parent).toEqual({ env: 'shop', link: 'pinned' });
});

describe('routing is refused', () => {
  test('with a header or a policy for unknown contexts on an overlay, and the reason is said', () => {
    const decision = decideText(feat(', headerName: x-me, unknown: deny'), inFeat);
    expect(sayings(decision)).toEqual([
      '2:45 header-on-overlay routing.headerName',
      '2:63 unknown-on-overlay routing.unknown',
    ]);
    expect(findingIn(decision, 'header-on-overlay').reason).toContain('header of its baseline');
  });

  test('with parentMoved on a root', () => {
    const text = shop('routing: { mode: baseline, parentMoved: preview }\n');
    expect(sayings(decideText(text))).toEqual(['2:28 parent-moved-without-parent routing.parentMoved']);
  });

  test('with track or a parent on a root', () => {
    expect(sayings(decideText(shop('routing: { mode: baseline, track: pinned, baselineId: x }\n')))).toEqual([
      '2:28 track-without-parent routing.track',
      '2:55 parent-not-allowed routing.baselineId',
    ]);
  });

  test('with a header that HTTP uses itself, an unknown mode, or itself as provider', () => {
    expect(sayings(decideText(shop('routing: { headerName: Host }\n')))).toEqual([
      '2:24 reserved-header routing.headerName',
    ]);
    expect(findingIn(decideText(shop('routing: { mode: overlya }\n')), 'bad-value')).toMatchObject({
      reason: 'found "overlya", allowed are "isolated", "baseline" or "overlay"',
      next: 'did you mean "overlay"?',
    });
    expect(sayings(decideText(feat(', providers: { cart: feat }, pools: [feat]'), inFeat))).toEqual([
      '2:64 provider-is-self routing.providers.cart',
      '2:80 provider-is-self routing.pools.0',
    ]);
  });
});

describe('lineage is refused', () => {
  const under = (
    parent: Partial<typeof shopView>,
    self: typeof shopView | null = null,
    valueHolder: string | null = null,
  ) =>
    decideText(feat(''), {
      env: 'feat',
      graph: { ...emptyGraph, parent: { ...shopView, ...parent }, self, valueHolder },
    });

  test('under a deleted or isolated parent, or too deep', () => {
    expect(sayings(under({ deleted: true }))).toEqual(['2:39 deleted-parent routing.baselineId']);
    expect(sayings(under({ mode: 'isolated' }))).toEqual(['2:39 isolated-parent routing.baselineId']);
    const ancestors = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    expect(sayings(under({ ancestors }))).toEqual(['2:39 lineage-too-deep routing.baselineId']);
  });

  test('where mode or parent would change, or the context value is another one', () => {
    expect(sayings(under({}, viewOf('feat', [])))).toEqual(['2:18 mode-changed routing.mode']);
    const elsewhere = viewOf('feat', [], { mode: 'overlay', ancestors: ['other'] });
    expect(sayings(under({}, elsewhere))).toEqual(['2:39 parent-changed routing.baselineId']);
    expect(sayings(under({}, null, 'other'))).toEqual(['2:10 context-value-taken routing.overlayId']);
  });
});

test('all findings are said at once, also those of lineage beside those of the schema', () => {
  const text = feat(
    ', typo: x',
    'services:\n  web: { run: { command: node }, ports: [0], dependsOn: [nobody] }\n  cart: { remove: true, image: x }\n',
  );
  expect(
    sayings(decideText(text, { env: 'feat', graph: { ...emptyGraph, parent: { ...shopView, deleted: true } } })),
  ).toEqual([
    '2:39 deleted-parent routing.baselineId',
    '2:45 unknown-key routing.typo',
    '4:42 bad-value services.web.ports.0.containerPort',
    '5:11 removed-and-declared services.cart.remove',
  ]);
});

test('an unknown parent is not the point where something else is wrong already', () => {
  const decision = decideText(feat(', typo: x'), { env: 'feat' });
  expect(sayings(decision)).toEqual(['2:45 unknown-key routing.typo']);
});

test('the name must be the one that was submitted for', () => {
  expect(sayings(decideText(shop(''), { env: 'store' }))).toEqual(['1:7 name-differs name']);
});

test('an overlay cannot choose a project of its own', () => {
  expect(sayings(decideText(`project: mine\n${feat('')}`, inFeat))).toEqual(['1:10 project-differs project']);
});

test('a root needs a service, an overlay may inherit everything', () => {
  expect(sayings(decideText('name: shop\nservices: []\n'))).toEqual(['2:11 no-services services']);
  expect(sayings(decideText('name: shop\n'))).toEqual(['1:1 missing-key services']);
  expect(decideText(feat(''), inFeat).kind).toBe('accepted');
});

describe('services are refused', () => {
  test('twice under one name', () => {
    const twice = 'services:\n- { name: a, run: { command: x } }\n- { name: a, run: { command: y } }\n';
    expect(sayings(decideText(shop('', twice)))).toEqual(['4:11 duplicate-service services.a.name']);
  });

  test('under a key that contradicts the name', () => {
    const text = shop('', 'services:\n  a: { name: b, run: { command: x } }\n');
    expect(sayings(decideText(text))).toEqual(['3:14 name-differs services.a.name']);
  });

  test('with a former name that another one has', () => {
    const text = shop('', 'services:\n  a: { run: { command: x }, formerNames: [b] }\n  b: { run: { command: x } }\n');
    expect(sayings(decideText(text))).toEqual(['3:43 former-name-taken services.a.formerNames.0']);
  });

  test('without run in a root, unless something else provides them', () => {
    expect(sayings(decideText(shop('', 'services: { web: {} }\n')))).toEqual(['2:13 nothing-to-run services.web']);
    const mapped = 'routing: { providers: { web: other } }\n';
    expect(decideText(shop(mapped, 'services: { web: {} }\n')).kind).toBe('accepted');
  });

  test('over the limits of services and edges, where the limit is passed', () => {
    const text = shop(
      '',
      'services:\n  a: { run: { command: x }, dependsOn: [b] }\n  b: { run: { command: x }, dependsOn: [a] }\n',
    );
    expect(sayings(decideText(text, { limits: { maxServices: 1 } }))).toEqual(['4:3 too-many-services services.b']);
    expect(sayings(decideText(text, { limits: { maxEdges: 1 } }))).toEqual([
      '4:40 too-many-edges services.b.dependsOn',
    ]);
  });
});

test('services that depend on each other in a circle are accepted: they start together', () => {
  const text = shop(
    '',
    'services:\n  a: { run: { command: x }, dependsOn: [b] }\n  b: { run: { command: x }, dependsOn: [a] }\n',
  );
  expect(decideText(text).kind).toBe('accepted');
});

describe('remove: true', () => {
  const removing = (service: string, more = '') => feat('', `services: { ${service}: { remove: true${more} } }\n`);

  test('takes an inherited service away', () => {
    expect(declarationOf(revisionOfText(removing('cart'), inFeat), 'cart')).toEqual({ kind: 'remove', name: 'cart' });
  });

  test('stands alone, and not in a root', () => {
    expect(sayings(decideText(removing('cart', ', env: { A: x }'), inFeat))).toEqual([
      '3:21 removed-and-declared services.cart.remove',
    ]);
    expect(sayings(decideText(shop('', 'services: { web: { remove: true } }\n')))).toEqual([
      '2:20 remove-without-parent services.web.remove',
    ]);
  });

  test('of what the parent does not have is a warning', () => {
    const decision = decideText(removing('carts'), inFeat);
    expect(decision).toMatchObject({ kind: 'accepted', findings: [{ severity: 'warning', code: 'removes-nothing' }] });
  });
});

test('an environment shuts down where it says so, and a delay alone means nothing', () => {
  expect(
    revisionOfText(shop('autoShutdownEnabled: false\nautoShutdownDelayMinutes: 30\n')).autoShutdown,
  ).toBeUndefined();
  expect(revisionOfText(shop('autoShutdownEnabled: true\n')).autoShutdown).toEqual({ delaySeconds: 1_800 });
  expect(sayings(decideText(shop('autoShutdownDelayMinutes: 5\n')))).toEqual([
    '2:1 delay-without-shutdown autoShutdownDelayMinutes',
  ]);
});

test('an id states the identity that the graph knows, and no other', () => {
  const withId = (id: string): string => shop('', `services: { web: { run: { command: x }, id: ${id} } }\n`);
  const graph = { ...emptyGraph, identities: { web: 'svc-known' } };
  expect(decideText(withId('svc-known'), { graph }).kind).toBe('accepted');
  expect(sayings(decideText(withId('svc-other'), { graph }))).toEqual(['2:45 identity-differs services.web.id']);
});

test('a budget in dollars an hour is micro-dollars', () => {
  expect(revisionOfText(shop('budget: { perHour: 0.000123 }\n')).budget).toEqual({ microsPerHour: 123 });
  expect(sayings(decideText(shop('budget: { perHour: -1 }\n')))).toEqual(['2:20 bad-value budget.perHour']);
});

test('findings over the limit are counted, and errors come before warnings', () => {
  const keys = Array.from({ length: 200 }, (_, index) => `x${index}: 1\n`).join('');
  const { findings } = decideText(shop(keys), { limits: { maxFindings: 10 } });
  expect(findings).toHaveLength(10);
  expect(findings.at(-1)).toMatchObject({
    code: 'more-findings',
    severity: 'error',
    reason: '191 more findings are not listed, maxFindings is 10',
  });
});

test('of thousands of mistyped names in plans only some are looked up', () => {
  const services = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`service-${index}`, {}]));
  const planned = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, index) => [`servise-${index}`, { replicas: 2 }]),
  );
  const text = JSON.stringify({ name: 'shop', plans: { p: { services: planned } }, services });
  const { findings } = decideText(text, { limits: { maxFindings: 10_000 } });
  const unknown = findings.filter(({ code }) => code === 'unknown-service');
  expect(unknown).toHaveLength(2_000);
  expect(unknown.filter(({ next }) => next?.startsWith('did you mean'))).toHaveLength(20);
});
