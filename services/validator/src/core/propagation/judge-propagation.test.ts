import type { EnvironmentGraph, GraphService } from '@microstax/contracts/graph-views';
import type { DependencySpec } from '@microstax/model/service-spec';
import { expect, test } from 'vitest';
import type { RequestObserved } from './attribute.ts';
import { judgePropagation } from './judge-propagation.ts';

const calls = (service: string, more: Partial<DependencySpec> = {}): DependencySpec => ({
  service,
  kind: 'calls',
  protocol: 'http',
  propagates: true,
  required: true,
  ...more,
});

test('a member that names its caller shows that the context was carried', () => {
  const graph = aGraph({ web: [calls('db')], db: [] });
  expect(judged(graph, [[entry('web'), from('web', 'db')]])).toEqual({ edges: ['web → db: carried'], culprits: [] });
});

test('of two who call, the one whose call arrived whole is not the one that dropped the context', () => {
  const graph = aGraph({
    web: [calls('cart'), calls('checkout')],
    cart: [calls('db')],
    checkout: [calls('db')],
    db: [],
  });
  const inside = ['cart', 'checkout', 'web'];
  const walk = [entry('web'), from('web', 'cart'), from('web', 'checkout'), from('cart', 'db'), bare('db', inside)];
  expect(judged(graph, [walk])).toEqual({
    edges: ['cart → db: carried', 'checkout → db: dropped', 'web → cart: carried', 'web → checkout: carried'],
    culprits: ['checkout'],
  });
});

test('where either of two may have dropped it, both are named with the doubt', () => {
  const graph = aGraph({ web: [calls('a'), calls('b')], a: [calls('db')], b: [calls('db')], db: [] });
  const walk = [entry('web'), from('web', 'a'), from('web', 'b'), bare('db', ['a', 'b', 'web'])];
  const { edges, culprits } = judgePropagation({ graph, context: 'feat', entries: ['web'], probes: [walk] });
  expect(culprits).toEqual(['a', 'b']);
  expect(edges[0]?.reason).toContain('it may be b that sent it');
});

test('what time alone says has to hold for every probe', () => {
  const graph = aGraph({ web: [calls('db', { required: false })], db: [] });
  const once = [[entry('web'), bare('db', ['web'])], [entry('web')]];
  expect(judged(graph, once)).toEqual({ edges: ['web → db: not seen'], culprits: [] });
  const traced = [[entry('web'), bare('db', ['web'], { evidence: 'trace' })], [entry('web')]];
  expect(judged(graph, traced)).toEqual({ edges: ['web → db: dropped'], culprits: ['web'] });
});

test('who got no context is not blamed for passing none on', () => {
  const graph = aGraph({ web: [calls('a')], a: [calls('b')], b: [calls('v')], v: [] });
  const walk = [entry('web'), from('web', 'a'), bare('b', ['a', 'web']), bare('v', ['a', 'b', 'web'])];
  const { edges, culprits } = judgePropagation({ graph, context: 'feat', entries: ['web'], probes: [walk] });
  expect(culprits).toEqual(['a']);
  expect(edges.find(({ from }) => from === 'b')).toMatchObject({
    observed: 'not seen',
    reason: 'b got no context itself: it was lost before',
  });
});

test('behind a listener that stamps, a service has a context to pass on or to drop', () => {
  const graph = aGraph({ web: [calls('a')], a: [calls('b')], b: [] });
  const stamped = bare('a', ['web'], { stamped: true });
  expect(judged(graph, [[entry('web'), stamped, bare('b', ['a', 'web'])]])).toEqual({
    edges: ['a → b: dropped', 'web → a: dropped, stamped'],
    culprits: ['a', 'web'],
  });
  expect(judged(graph, [[entry('web'), stamped, bare('b', ['a', 'web'], { context: 'feat' })]]).edges).toEqual([
    'a → b: carried',
    'web → a: dropped, stamped',
  ]);
});

test('a service that says that it drops the context, and does, is no finding', () => {
  const graph = aGraph({ web: [calls('db', { propagates: false })], db: [] });
  const input = { graph, context: 'feat', entries: ['web'], probes: [[entry('web'), bare('db', ['web'])]] };
  expect(judgePropagation(input)).toMatchObject({ findings: [], culprits: [], edges: [{ observed: 'dropped' }] });
});

test('what no router sees is not judged, and says so', () => {
  const graph = aGraph({
    web: [calls('db', { protocol: 'tcp' }), calls('queue', { kind: 'publishes' })],
    db: [],
    queue: [],
  });
  const { edges } = judgePropagation({ graph, context: 'feat', entries: ['web'], probes: [[entry('web')]] });
  expect(edges.map(({ observed, reason }) => [observed, reason])).toEqual([
    ['not seen', 'tcp is passed through, no router reads it'],
    ['not seen', 'messages pass no router: check it where they are consumed'],
  ]);
});

test('strangers are nobody’s, and a call that nobody declared is a warning', () => {
  const graph = aGraph({ web: [], db: [] });
  const { findings, edges } = judgePropagation({
    graph,
    context: 'feat',
    entries: ['web'],
    probes: [[entry('web'), from('web', 'db'), bare('db', ['web'])]],
  });
  expect(edges).toEqual([]);
  expect(findings).toMatchObject([{ severity: 'warning', code: 'undeclared-call', subject: 'web' }]);
});

test('a graph that calls in circles ends', () => {
  const graph = aGraph({ web: [calls('a')], a: [calls('web')] });
  expect(judged(graph, [[entry('web'), from('web', 'a'), from('a', 'web')]]).edges).toHaveLength(2);
});

function judged(graph: EnvironmentGraph, probes: readonly (readonly RequestObserved[])[]) {
  const { edges, culprits } = judgePropagation({ graph, context: 'feat', entries: ['web'], probes });
  const say = edges.map(
    ({ from, to, observed, stamped }) => `${from} → ${to}: ${observed}${stamped ? ', stamped' : ''}`,
  );
  return { edges: say, culprits };
}

function aGraph(services: Readonly<Record<string, readonly DependencySpec[]>>): EnvironmentGraph {
  const listed = Object.entries(services).map(([name, dependsOn]) => ({ name, dependsOn }) as unknown as GraphService);
  return { services: listed } as unknown as EnvironmentGraph;
}

function seen(service: string, more: Partial<RequestObserved>): RequestObserved {
  const common = { kind: 'request', probe: 'a', env: 'shop', port: 'http', evidence: 'probe', stamped: false } as const;
  return { ...common, service, caller: null, context: 'feat', inside: [], ...more };
}

function entry(service: string): RequestObserved {
  return seen(service, {});
}

function from(caller: string, service: string): RequestObserved {
  return seen(service, { caller: { env: 'shop', service: caller } });
}

/** Without a context, while these services hold a request of the probe. */
function bare(service: string, inside: readonly string[], more: Partial<RequestObserved> = {}): RequestObserved {
  return seen(service, { evidence: 'time', context: null, inside, ...more });
}
