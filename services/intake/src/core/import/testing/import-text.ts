import type { ImportFile, ImportReply } from '@microstax/contracts/import-requests';
import { parse } from 'yaml';
import { composeBlueprint } from '../import-compose.ts';
import { kubernetesBlueprint } from '../import-kubernetes.ts';

export type Imported = Extract<ImportReply, { kind: 'imported' }>;
type ComposeOptions = {
  readonly env?: string;
  readonly profiles?: readonly string[];
  readonly others?: Readonly<Record<string, string>>;
  readonly absent?: readonly string[];
  /** Files over the first. */
  readonly over?: readonly string[];
};

/** `compose.yaml`, then `over-1.yaml` … and a `.env`, as the shell hands them over. */
export function composeReply(text: string, options: ComposeOptions = {}): ImportReply {
  const { env, profiles = [], others = {}, absent = [], over = [] } = options;
  return composeBlueprint({
    name: 'shop',
    files: [file('compose.yaml', text), ...over.map((one, index) => file(`over-${index + 1}.yaml`, one))],
    envFiles: env === undefined ? [] : [file('.env', env)],
    others: Object.entries(others).map(([path, content]) => file(path, content)),
    absent,
    profiles,
  });
}

export function kubernetesReply(...texts: readonly string[]): ImportReply {
  return kubernetesBlueprint({
    name: 'shop',
    files: texts.map((text, index) => file(`manifests-${index + 1}.yaml`, text)),
  });
}

/** What was imported; fails with the findings where nothing was. */
export function imported(reply: ImportReply): Imported {
  if (reply.kind === 'imported') return reply;
  throw new Error(`not imported but ${JSON.stringify(reply)}`);
}

export function importedCompose(text: string, options: ComposeOptions = {}): Imported {
  return imported(composeReply(text, options));
}

export function importedKubernetes(...texts: readonly string[]): Imported {
  return imported(kubernetesReply(...texts));
}

type Written = Readonly<Record<string, unknown>>;

/** A service of the Blueprint that was printed, as it is written there. */
export function serviceIn({ blueprint }: Imported, name: string): Written {
  const services = (parse(blueprint) as { services: readonly Written[] }).services;
  const found = services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`no service ${name} in\n${blueprint}`);
  return found;
}

/** `from to:port protocol`, in order. */
export function edgesIn({ report }: Imported): string[] {
  return report.edges.map(({ from, to, port, protocol }) => `${from} ${to}:${port ?? '?'} ${protocol}`);
}

/** `code path file:line:column` of each finding. */
export function sayingsOf(reply: ImportReply): string[] {
  if (reply.kind === 'needs files') return reply.paths.map((path) => `needs ${path}`);
  return reply.findings.map(
    ({ code, subject, position }) => `${code} ${subject} ${position?.file}:${position?.line}:${position?.column}`,
  );
}

function file(path: string, text: string): ImportFile {
  return { path, text };
}
