import { bad } from '../bad-input.ts';
import { emptyGraph, viewOf } from '../decide-text.ts';

const shop = viewOf('shop', ['web', 'cart']);
const feat = (routing: string, services = 'services: []'): string =>
  `name: feat\nrouting: { ${routing} }\n${services}\n`;
const inFeat = (graph: Partial<typeof emptyGraph> = {}) =>
  ({ env: 'feat', graph: { ...emptyGraph, parent: shop, ...graph } }) as const;
const chain = Array.from({ length: 8 }, (_, index) => `level-${index}`);
const overlay = 'mode: overlay, baselineId: shop';
const web = 'services: { web: { run: { command: x } } }';

/** Lineage and mode in every wrong combination. */
export const lineage = [
  bad(
    'an overlay without a parent',
    feat('«mode: overlay').replace('«', '').replace('{ mode', '«{ mode'),
    'missing-parent',
    'routing.baselineId',
    { env: 'feat' },
  ),
  bad(
    'an overlay of a parent that nobody knows',
    feat('mode: overlay, baselineId: «gone'),
    'unknown-parent',
    'routing.baselineId',
    { env: 'feat' },
  ),
  bad(
    'an overlay of a deleted parent',
    feat('mode: overlay, baselineId: «shop'),
    'deleted-parent',
    'routing.baselineId',
    inFeat({ parent: { ...shop, deleted: true } }),
  ),
  bad(
    'an overlay of an isolated parent',
    feat('mode: overlay, baselineId: «shop'),
    'isolated-parent',
    'routing.baselineId',
    inFeat({ parent: { ...shop, mode: 'isolated' } }),
  ),
  bad('an overlay of itself', feat('mode: overlay, baselineId: «feat'), 'lineage-cycle', 'routing.baselineId', {
    env: 'feat',
  }),
  bad(
    'an overlay of its own child',
    feat('mode: overlay, baselineId: «child'),
    'lineage-cycle',
    'routing.baselineId',
    inFeat({ parent: viewOf('child', [], { mode: 'overlay', ancestors: ['feat', 'shop'], root: 'shop' }) }),
  ),
  bad(
    'an overlay of its own grandchild',
    feat('mode: overlay, baselineId: «grandchild'),
    'lineage-cycle',
    'routing.baselineId',
    inFeat({
      parent: viewOf('grandchild', [], { mode: 'overlay', ancestors: ['child', 'feat', 'shop'], root: 'shop' }),
    }),
  ),
  bad(
    'a chain of nine',
    feat('mode: overlay, baselineId: «deep'),
    'lineage-too-deep',
    'routing.baselineId',
    inFeat({ parent: viewOf('deep', [], { mode: 'overlay', ancestors: chain, root: 'level-7' }) }),
  ),
  bad(
    'a baseline with a parent',
    feat('mode: baseline, baselineId: «shop', web),
    'parent-not-allowed',
    'routing.baselineId',
    inFeat(),
  ),
  bad(
    'an isolated environment with a parent',
    feat('mode: isolated, baselineId: «shop', web),
    'parent-not-allowed',
    'routing.baselineId',
    inFeat(),
  ),
  bad('a parent and no mode', feat('baselineId: «shop', web), 'parent-not-allowed', 'routing.baselineId', inFeat()),
  bad('an overlay that becomes a baseline', feat('mode: «baseline', web), 'mode-changed', 'routing.mode', {
    env: 'feat',
    graph: { ...emptyGraph, self: viewOf('feat', [], { mode: 'overlay', ancestors: ['shop'] }) },
    more: true,
  }),
  bad('a baseline that becomes an overlay', feat(`mode: «overlay, baselineId: shop`), 'mode-changed', 'routing.mode', {
    ...inFeat({ self: viewOf('feat', []) }),
    more: true,
  }),
  bad('a baseline that becomes isolated', feat('mode: «isolated', web), 'mode-changed', 'routing.mode', {
    env: 'feat',
    graph: { ...emptyGraph, self: viewOf('feat', []) },
  }),
  bad('an isolated one that becomes a baseline', feat('mode: «baseline', web), 'mode-changed', 'routing.mode', {
    env: 'feat',
    graph: { ...emptyGraph, self: viewOf('feat', [], { mode: 'isolated' }) },
  }),
  bad(
    'an overlay that moves to another parent',
    feat('mode: overlay, baselineId: «shop'),
    'parent-changed',
    'routing.baselineId',
    inFeat({ self: viewOf('feat', [], { mode: 'overlay', ancestors: ['other'] }) }),
  ),
  bad(
    'a context value that a sibling has',
    feat(`${overlay}, overlayId: «fast`),
    'context-value-taken',
    'routing.overlayId',
    inFeat({ valueHolder: 'sibling' }),
  ),
  bad('a link of a baseline', feat('mode: baseline, «track: pinned', web), 'track-without-parent', 'routing.track', {
    env: 'feat',
  }),
  bad('a link of an isolated environment', feat('«track: tracking', web), 'track-without-parent', 'routing.track', {
    env: 'feat',
  }),
  bad(
    'a header of an overlay',
    feat(`${overlay}, «headerName: x-mine`),
    'header-on-overlay',
    'routing.headerName',
    inFeat(),
  ),
  bad(
    'what an overlay does with unknown contexts',
    feat(`${overlay}, «unknown: deny`),
    'unknown-on-overlay',
    'routing.unknown',
    inFeat(),
  ),
  bad('an overlay that fronts', feat(`${overlay}, «front: allow`), 'front-on-overlay', 'routing.front', inFeat()),
  bad(
    'an overlay that denies to front',
    feat(`${overlay}, «front: deny`),
    'front-on-overlay',
    'routing.front',
    inFeat(),
  ),
  bad(
    'an overlay that keeps the context',
    feat(`${overlay}, «propagateHeader: false`),
    'propagate-on-overlay',
    'routing.propagateHeader',
    inFeat(),
  ),
  bad(
    'an overlay of another project',
    `name: feat\nproject: «other\nrouting: { ${overlay} }\nservices: []\n`,
    'project-differs',
    'project',
    inFeat(),
  ),
  bad(
    'an overlay that removes and declares',
    feat(overlay, 'services: { web: { «remove: true, run: { command: x } } }'),
    'removed-and-declared',
    'services.web.remove',
    inFeat(),
  ),
  bad(
    'an overlay that removes and probes',
    feat(overlay, 'services: { web: { «remove: true, probes: { liveness: { tcp: {} } } } }'),
    'removed-and-declared',
    'services.web.remove',
    inFeat(),
  ),
  bad(
    'an overlay that needs what it removes',
    feat(overlay, 'services: { web: { run: { command: x }, dependsOn: [«cart] }, cart: { remove: true } }'),
    'depends-on-removed',
    'services.web.dependsOn.0.service',
    inFeat(),
  ),
  bad(
    'an overlay that plans for what it only inherits',
    `name: feat\nrouting: { ${overlay} }\nplans: { p: { services: { «cart: { replicas: 2 } } } }\nservices: []\n`,
    'unknown-service',
    'plans.p.services.cart',
    inFeat(),
  ),
  bad(
    'an overlay that plans for what it removes',
    `name: feat\nrouting: { ${overlay} }\nplans: { p: { services: { «cart: { replicas: 2 } } } }\nservices: { cart: { remove: true } }\n`,
    'unknown-service',
    'plans.p.services.cart',
    inFeat(),
  ),
  bad(
    'an overlay that depends on what its parent does not have',
    feat(overlay, 'services: { web: { run: { command: x }, dependsOn: [«crat] } }'),
    'depends-on-nothing',
    'services.web.dependsOn.0.service',
    { ...inFeat(), next: '"cart"' },
  ),
  bad(
    'an id of another service',
    feat(overlay, 'services: { web: { run: { command: x }, id: «svc-0000 } }'),
    'identity-differs',
    'services.web.id',
    inFeat({ identities: { web: 'svc-web' } }),
  ),
];
