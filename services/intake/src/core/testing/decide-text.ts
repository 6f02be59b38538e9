import type { IdentifyReply } from '@microstax/contracts/graph-requests';
import type { Finding } from '@microstax/model/finding';
import type { EnvironmentView } from '@microstax/model/lineage-check';
import { must } from '@microstax/model/must';
import type { Revision, ServiceDeclaration } from '@microstax/model/revision';
import type { ServiceSpec } from '@microstax/model/service-spec';
import { type Decision, decideBlueprint } from '../decide.ts';
import { identifyRequest } from '../identify.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import { readBlueprint } from '../read-blueprint.ts';
import { editorComplaints } from './editor.ts';

/** A graph that knows nothing yet. */
export const emptyGraph: IdentifyReply = { self: null, parent: null, valueHolder: null, identities: {} };

/** A baseline `shop` with these services, one http port each, as the graph would describe it. */
export function viewOf(env: string, services: readonly string[], view: Partial<EnvironmentView> = {}): EnvironmentView {
  return {
    env,
    mode: 'baseline',
    project: env,
    deleted: false,
    ancestors: [],
    root: env,
    value: env,
    headerName: 'x-msx-env',
    services: services.map((name) => ({ name, identity: `svc-${name}` })),
    ...view,
  };
}

/** Reads, asks and decides as the shell does, with a graph that answers the same always. */
export function decideText(
  text: string,
  {
    env = 'shop',
    graph = emptyGraph,
    limits = {},
  }: { env?: string; graph?: IdentifyReply; limits?: Partial<Limits> } = {},
): Decision {
  const blueprint = readBlueprint(text, { org: 'default', env }, { ...defaultLimits, ...limits });
  const asked = blueprint.kind === 'read' && identifyRequest(blueprint) !== undefined;
  const decision = decideBlueprint(blueprint, asked ? graph : null);
  if (decision.kind === 'accepted' && text.length < editedCharsMax) expectEditorAgrees(text);
  return decision;
}

const editedCharsMax = 100_000; // more is generated, and slow to read twice

/** Whatever intake accepts, an editor with the shipped JSON Schema must not underline. */
function expectEditorAgrees(text: string): void {
  const complaints = editorComplaints(text);
  if (complaints.length > 0)
    throw new Error(`the JSON Schema refuses what intake accepts: ${complaints.join('; ')}\n${text}`);
}

/** The revision of a Blueprint that is accepted; fails with its findings where it is not. */
export function revisionOfText(text: string, about: Parameters<typeof decideText>[1] = {}): Revision {
  const decision = decideText(text, about);
  if (decision.kind === 'accepted') return decision.revision.value;
  throw new Error(`not accepted but ${decision.kind}: ${sayings(decision).join('\n')}`);
}

export function specOf(revision: Revision, service: string): ServiceSpec {
  const declaration = revision.services.find(({ name }) => name === service);
  return must(declaration?.kind === 'run' ? declaration : undefined, `${service} is declared`).spec;
}

export function declarationOf(revision: Revision, service: string): ServiceDeclaration {
  return must(
    revision.services.find(({ name }) => name === service),
    `${service} is declared`,
  );
}

/** `line:column code subject`, in order. */
export function sayings({ findings }: { readonly findings: readonly Finding[] }): string[] {
  return findings.map(({ position, code, subject }) => `${position?.line}:${position?.column} ${code} ${subject}`);
}

/** The one finding with this code. */
export function findingIn({ findings }: { readonly findings: readonly Finding[] }, code: string): Finding {
  const found = findings.filter((finding) => finding.code === code);
  if (found.length !== 1) throw new Error(`${found.length} findings with code ${code} in ${JSON.stringify(findings)}`);
  return must(found[0], 'one was found');
}
