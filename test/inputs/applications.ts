import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImportFile, ImportReply } from '@microstax/contracts/import-requests';
import { composeBlueprint } from '../../services/intake/src/core/import/import-compose.ts';
import { kubernetesBlueprint } from '../../services/intake/src/core/import/import-kubernetes.ts';

/** Where the public applications are; they are no part of the project. */
export const folder = process.env.MSX_INPUTS ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'inputs');
export const present = existsSync(folder);
if (!present)
  process.stderr.write(`\n*** SKIPPED: no public applications in ${JSON.stringify(folder)}; set MSX_INPUTS ***\n\n`);

export type Imported = Extract<ImportReply, { kind: 'imported' }>;

/** Compose files of one folder, merged in this order. */
export function compose(
  name: string,
  application: string,
  files: readonly string[],
  envFiles: readonly string[],
): Imported {
  return imported(
    name,
    composeBlueprint({
      name,
      files: files.map((file) => read(application, file)),
      envFiles: envFiles.map((file) => read(application, file)),
    }),
  );
}

export function kubernetes(name: string, application: string, files: readonly string[]): Imported {
  return imported(name, kubernetesBlueprint({ name, files: files.map((file) => read(application, file)) }));
}

const demo = 'opentelemetry-demo';
const demoFiles = ['compose.yaml', 'compose.full.yaml', 'compose.observability.yaml', 'compose.agent.yaml'];

/** Every application and form, with what is known of it. */
export const applications: readonly {
  readonly name: string;
  readonly services: number;
  /** An entry that nobody calls, and a service deep inside. */
  readonly changed: readonly string[];
  readonly load: () => Imported;
}[] = [
  {
    name: 'online-boutique',
    services: 12,
    changed: ['loadgenerator', 'redis-cart', 'paymentservice'],
    load: () => kubernetes('online-boutique', 'online-boutique', ['kubernetes-manifests.yaml']),
  },
  ...[20, 23, 28, 31].map((services, index) => ({
    name: `otel-demo-${services}`,
    services,
    changed: ['load-generator', 'image-provider', 'valkey-cart'],
    load: () => compose(`otel-demo-${services}`, demo, demoFiles.slice(0, index + 1), ['.env']),
  })),
  {
    name: 'sock-shop-compose',
    services: 15,
    changed: ['user-sim', 'user-db', 'carts'],
    load: () => compose('sock-shop-compose', 'sock-shop', ['docker-compose.yml'], []),
  },
  {
    name: 'sock-shop-kubernetes',
    services: 14,
    changed: ['front-end', 'user-db', 'carts'],
    load: () => kubernetes('sock-shop-kubernetes', 'sock-shop', ['complete-demo.yaml']),
  },
];

function imported(name: string, reply: ImportReply): Imported {
  if (reply.kind === 'imported') return reply;
  throw new Error(`${name} was not imported: ${JSON.stringify(reply)}`);
}

function read(application: string, file: string): ImportFile {
  return { path: file, text: readFileSync(join(folder, application, file), 'utf8') };
}
