import type { ImportReport } from '@microstax/contracts/import-requests';
import { afterAll, describe, expect, test } from 'vitest';
import { decideText } from '../../services/intake/src/core/testing/decide-text.ts';
import { applications, compose, kubernetes, present } from './applications.ts';

/** What is understood of public applications; nothing of them is in the project. Prints one line for each. */

const rows: string[] = [];
afterAll(() => {
  if (rows.length > 0)
    process.stdout.write(
      `\n${['application', 'services', 'edges', 'declared', 'inferred', 'dangling', 'unknown', 'read', 'carried', 'listed', '%'].map(cell).join('')}\n${rows.join('\n')}\n`,
    );
});

describe.skipIf(!present)('a public application', () => {
  test.each(applications)(
    '$name has $services services, at least 90 % of its fields are carried',
    ({ name, services, load }) => {
      const { report, blueprint } = load();
      const { counts } = report;
      const share = Math.floor((1000 * counts.carried) / counts.fieldsRead) / 10;
      rows.push(
        [
          name,
          counts.services,
          counts.edges,
          counts.declared,
          counts.inferred,
          counts.dangling,
          counts.unknown,
          counts.fieldsRead,
          counts.carried,
          counts.listed,
          share,
        ]
          .map(cell)
          .join(''),
      );
      expect(counts.services).toBe(services);
      expect(counts.fieldsRead).toBe(counts.carried + counts.listed);
      expect(report.listed).toHaveLength(counts.listed);
      expect(share).toBeGreaterThanOrEqual(90);
      expect(load().blueprint, 'the same bytes each time').toBe(blueprint);
    },
  );

  test.each(applications)('$name is a Blueprint that intake accepts', ({ name, services, load }) => {
    const decision = decideText(load().blueprint, { env: name });
    expect(decision.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(decision).toMatchObject({ kind: 'accepted' });
    if (decision.kind === 'accepted') expect(decision.revision.value.services).toHaveLength(services);
  });

  test('Online Boutique has 16 edges, which only environment values tell, and one dangling', () => {
    const { report } = kubernetes('online-boutique', 'online-boutique', ['kubernetes-manifests.yaml']);
    expect(report.counts).toMatchObject({ edges: 16, declared: 0, inferred: 16, dangling: 1 });
    expect(report.dangling).toMatchObject([{ from: 'frontend', host: 'shoppingassistantservice' }]);
    expect(
      report.edges.every(({ evidence }) =>
        evidence.every(({ kind, at }) => (kind === 'environment' || kind === 'init') && at.line > 1),
      ),
    ).toBe(true);
    expect(report.edges.find(({ to }) => to === 'emailservice')).toMatchObject({ port: 'grpc', protocol: 'grpc' });
  });

  test('Sock Shop declares no edge in either form', () => {
    const { fromCompose, fromKubernetes } = sockShop();
    expect(fromCompose.counts).toMatchObject({ services: 15, declared: 0, dangling: 0 });
    expect(fromKubernetes.counts).toMatchObject({ services: 14, declared: 0, dangling: 0 });
  });

  test('both forms of Sock Shop agree on the services they share', () => {
    const { fromCompose, fromKubernetes } = sockShop();
    const shared = namesOf(fromCompose).filter((name) => namesOf(fromKubernetes).includes(name));
    expect(shared).toHaveLength(13);
    expect(edgesAmong(fromCompose, shared)).toEqual(edgesAmong(fromKubernetes, shared));
    expect(edgesAmong(fromCompose, shared)).toEqual(['user user-db']);
    expect(imagesOf(fromCompose, shared)).toEqual(imagesOf(fromKubernetes, shared));
    expect(fromCompose.secrets.map(secretOf)).toEqual(fromKubernetes.secrets.map(secretOf));
  });

  test('no value that is secret is in a Blueprint or a report', () => {
    for (const { load } of applications) {
      const said = JSON.stringify(load());
      for (const secret of [
        'fake_password',
        'changeit',
        'astronomy_password',
        'monitoring_password',
        'yYrECL4qbNwleYInGJYvVnSk',
      ])
        expect(said).not.toContain(secret);
    }
  });
});

function sockShop(): { fromCompose: ImportReport; fromKubernetes: ImportReport } {
  return {
    fromCompose: compose('sock-shop', 'sock-shop', ['docker-compose.yml'], []).report,
    fromKubernetes: kubernetes('sock-shop', 'sock-shop', ['complete-demo.yaml']).report,
  };
}

function namesOf({ services }: ImportReport): string[] {
  return services.map(({ name }) => name);
}

function edgesAmong({ edges }: ImportReport, names: readonly string[]): string[] {
  return edges
    .filter(({ from, to }) => names.includes(from) && names.includes(to))
    .map(({ from, to }) => `${from} ${to}`);
}

/** Without tags: the two forms name different ones. */
function imagesOf({ services }: ImportReport, names: readonly string[]): string[] {
  return services.filter(({ name }) => names.includes(name)).map(({ image }) => (image ?? '').replace(/:.*$/, ''));
}

function secretOf({ service, envKey }: ImportReport['secrets'][number]): string {
  return `${service} ${envKey}`;
}

function cell(value: string | number): string {
  return typeof value === 'number' || value === '%' ? String(value).padStart(10) : value.padEnd(22);
}
