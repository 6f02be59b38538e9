import type { Revision } from '@microstax/model/revision';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { route } from '../../apps/router/src/core/route.ts';
import { knownTables } from '../../apps/router/src/testing/tables.ts';
import { environmentView } from '../../services/graph/src/core/view.ts';
import { emptyGraph, revisionOfText } from '../../services/intake/src/core/testing/decide-text.ts';
import { decideFamily } from './family.ts';

/**
 * The lineage examples that alibaba/virtual-environment publishes (quick start and README), written as Blueprints. There
 * an instance carries a tag such as `dev.proj1.feature1`, and a request with that tag is answered by the instance with the
 * same tag, else by that of the tag without its last part, and so on. Here the chain of tags is the lineage.
 */

type Published = {
  /** Tag to the services that have an instance with it; a tag comes after its prefix. */
  readonly instances: Readonly<Record<string, readonly string[]>>;
  /** Who calls whom, first to last. */
  readonly chain: readonly string[];
  /** A request's tag to the tag of the instance that answers at each step of the chain; '' is a request without one. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
};

const quickStart: Published = {
  instances: {
    dev: ['app-js', 'app-go', 'app-java'],
    'dev.proj1': ['app-js', 'app-java'],
    'dev.proj1.feature1': ['app-java'],
    'dev.proj2': ['app-go'],
  },
  chain: ['app-js', 'app-go', 'app-java'],
  answers: {
    'dev.proj1': ['dev.proj1', 'dev', 'dev.proj1'],
    'dev.proj1.feature1': ['dev.proj1', 'dev', 'dev.proj1.feature1'],
    'dev.proj2': ['dev', 'dev.proj2', 'dev'],
    '': ['dev', 'dev', 'dev'],
  },
};

const withLocalInstance: Published = {
  ...quickStart,
  instances: { ...quickStart.instances, 'dev.proj2': ['app-go', 'app-java'] },
  answers: { 'dev.proj2': ['dev', 'dev.proj2', 'dev.proj2'] },
};

const fallBackAndReturn: Published = {
  instances: { parent: ['service-a', 'service-b', 'service-c'], 'parent.sub': ['service-a', 'service-c'] },
  chain: ['service-a', 'service-b', 'service-c'],
  answers: { 'parent.sub': ['parent.sub', 'parent', 'parent.sub'] },
};

describe.each([
  ['quick start', quickStart],
  ['quick start with an instance of one developer', withLocalInstance],
  ['a call that falls back and returns', fallBackAndReturn],
])('the published example "%s"', (_, published) => {
  const decided = decideFamily(revisionsOf(published));
  const tables = knownTables(...decided.map(({ table }) => table));
  const root = decided[0]?.env ?? '';

  test('runs in each environment exactly the published instances', () => {
    const local = decided.map(({ env, plan }) => [
      env,
      plan.placements.filter(({ kind }) => kind === 'local').map(({ service }) => service),
    ]);
    const instances = Object.entries(published.instances).map(([tag, services]) => [named(tag), [...services].sort()]);
    expect(Object.fromEntries(local)).toEqual(Object.fromEntries(instances));
  });

  test.each(Object.entries(published.answers))('answers a request with the tag "%s" as published', (tag, answers) => {
    const context = tag === '' ? undefined : tag;
    // A request goes from the listener of whoever sends it; the services of the example pass the tag on.
    let listener = root;
    const answered = published.chain.map((service) => {
      const routed = route({ env: listener, service, port: 'http', context }, tables);
      if (routed.kind === 'denied') return routed.reason;
      listener = routed.target.env;
      return listener;
    });
    expect(answered).toEqual(answers.map(named));
  });

  test('names the published instance as provider, with the reason in the plan', () => {
    for (const [tag, answers] of Object.entries(published.answers)) {
      const plan = decided.find(({ env }) => env === named(tag || root))?.plan;
      published.chain.forEach((service, at) => {
        const placement = plan?.placements.find((one) => one.service === service);
        expect(placement?.provider?.env ?? plan?.env).toBe(named(answers[at] ?? ''));
        expect(placement?.reasons[0]?.text).not.toBe('');
      });
    }
  });
});

function named(tag: string): string {
  return tag.replaceAll('.', '-');
}

/** A Blueprint for each tag: the root declares the chain, the others the image of what they have an instance of. */
function revisionsOf({ instances, chain }: Published): Revision[] {
  const revisions = new Map<string, Revision>();
  for (const [tag, services] of Object.entries(instances)) {
    const parent = tag.includes('.') ? tag.slice(0, tag.lastIndexOf('.')) : null;
    const text = stringify({
      name: named(tag),
      routing: parent === null ? { mode: 'baseline' } : { mode: 'overlay', baselineId: named(parent), overlayId: tag },
      services: Object.fromEntries(services.map((service) => [service, declared(service, tag, chain)])),
    });
    revisions.set(tag, revisionOfText(text, { env: named(tag), graph: knownTo(parent, revisions) }));
  }
  return [...revisions.values()];
}

function declared(service: string, tag: string, chain: readonly string[]) {
  const next = chain[chain.indexOf(service) + 1];
  return {
    image: `virtualenvironment/${service}:${named(tag)}`,
    ports: ['8080:8080'],
    expose: service === chain[0],
    dependsOn: next === undefined ? [] : [next],
  };
}

function knownTo(parent: string | null, revisions: ReadonlyMap<string, Revision>) {
  const chain: Revision[] = [];
  for (let tag = parent; tag !== null; tag = tag.includes('.') ? tag.slice(0, tag.lastIndexOf('.')) : null) {
    const revision = revisions.get(tag);
    if (revision !== undefined) chain.unshift(revision);
  }
  if (chain.length === 0) return emptyGraph;
  const lineageEnvs = chain.slice(0, -1).map(({ env }) => env);
  const view = environmentView({
    chain,
    lineageEnvs: lineageEnvs.reverse(),
    deleted: false,
    headerName: chain[0]?.routing.headerName ?? 'x-msx-env',
  });
  const identities = Object.fromEntries(view.services.map(({ name, identity }) => [name, identity]));
  return { ...emptyGraph, parent: view, identities };
}
