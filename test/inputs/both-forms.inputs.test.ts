import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImportFile } from '@microstax/contracts/import-requests';
import { expect, test } from 'vitest';
import { composeBlueprint } from '../../services/intake/src/core/import/import-compose.ts';
import { kubernetesBlueprint } from '../../services/intake/src/core/import/import-kubernetes.ts';
import { decideText, specOf } from '../../services/intake/src/core/testing/decide-text.ts';
import type { Imported } from './applications.ts';

/** One small application of our own in both forms: what is understood of it must not depend on the form. */

const compose = imported(
  composeBlueprint({ name: 'shop', files: [file('compose.yaml')], envFiles: [file('variables.env')] }),
);
const manifests = imported(kubernetesBlueprint({ name: 'shop', files: [file('manifests.yaml')] }));

test('both forms have the same services, images, edges and strangers', () => {
  expect(namesOf(compose)).toEqual(['front', 'orders', 'queue', 'store', 'worker']);
  expect(namesOf(manifests)).toEqual(namesOf(compose));
  expect(imagesOf(manifests)).toEqual(imagesOf(compose));
  expect(edgesOf(compose)).toEqual(['front orders', 'orders queue', 'orders store', 'worker queue']);
  expect(edgesOf(manifests)).toEqual(edgesOf(compose));
  for (const { report } of [compose, manifests])
    expect(report.dangling.map(({ from, host }) => [from, host.split('.')[0]])).toEqual([['front', 'assistant']]);
});

test('both forms call the same port of each service', () => {
  const ports = ({ report }: Imported): string[] =>
    report.edges.map(({ to, port }) => {
      const service = report.services.find(({ name }) => name === to);
      return `${to} ${service?.ports.find((one) => one.startsWith(`${port}:`))?.replace(/^.*:(\d+)\/.*$/, '$1')}`;
    });
  expect(ports(compose)).toEqual(['orders 7000', 'queue 5672', 'store 5432', 'queue 5672']);
  expect(ports(manifests)).toEqual(ports(compose));
});

test('both forms become revisions that agree on what each service is', () => {
  const [one, other] = [revisionOf(compose), revisionOf(manifests)];
  for (const name of namesOf(compose)) {
    const [a, b] = [specOf(one, name), specOf(other, name)];
    expect(b.image, name).toBe(a.image);
    expect(b.replicas, name).toBe(a.replicas);
    expect(b.stateful, name).toBe(a.stateful);
    expect(b.expose, name).toBe(a.expose);
    expect(b.security, name).toEqual(a.security);
    expect(b.resources, name).toEqual(a.resources);
  }
});

test('neither form says the password', () => {
  expect(JSON.stringify([compose, manifests])).not.toContain('only-for-this-test');
});

function imported(reply: ReturnType<typeof composeBlueprint>): Imported {
  if (reply.kind === 'imported') return reply;
  throw new Error(JSON.stringify(reply));
}

function revisionOf({ blueprint }: Imported) {
  const decision = decideText(blueprint);
  if (decision.kind === 'accepted') return decision.revision.value;
  throw new Error(JSON.stringify(decision.findings));
}

function namesOf({ report }: Imported): string[] {
  return report.services.map(({ name }) => name);
}

function imagesOf({ report }: Imported): (string | null)[] {
  return report.services.map(({ image }) => image);
}

function edgesOf({ report }: Imported): string[] {
  return [...new Set(report.edges.map(({ from, to }) => `${from} ${to}`))];
}

function file(name: string): ImportFile {
  return { path: name, text: readFileSync(join(import.meta.dirname, 'own', name), 'utf8') };
}
