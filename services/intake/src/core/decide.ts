import type { IdentifyReply } from '@microstax/contracts/graph-requests';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import { blocks, type Finding } from '@microstax/model/finding';
import { must } from '@microstax/model/must';
import type { BudgetSpec, Revision, ServiceDeclaration } from '@microstax/model/revision';
import { checkBlueprint } from './check-blueprint.ts';
import { identityOf } from './identify.ts';
import { normaliseRouting } from './normalise-routing.ts';
import { normaliseService, sortedRecord } from './normalise-service.ts';
import { findingOf, inOrder, type Problem } from './problem.ts';
import type { ReadBlueprint, UnreadableBlueprint } from './read-blueprint.ts';
import { type Surroundings, surroundingsOf } from './surroundings.ts';

export type Decision =
  | {
      readonly kind: 'accepted';
      readonly revision: Artifact<Revision>;
      /** Warnings. */
      readonly findings: readonly Finding[];
    }
  | { readonly kind: 'rejected'; readonly findings: readonly Finding[] }
  /** Nothing is wrong but that the graph does not know the parent: its submission may be on its way (protocol 4). */
  | {
      readonly kind: 'needs parent';
      readonly parent: string;
      /** What is said if nobody submitted it. */
      readonly unknownParent: Finding;
      readonly findings: readonly Finding[];
    };

/**
 * One Blueprint, and what the graph knows around it, decided: the revision it amounts to, or everything that is wrong
 * with it in the order of the text. `reply` is null where the graph was not asked because the text says too little.
 */
export function decideBlueprint(blueprint: ReadBlueprint | UnreadableBlueprint, reply: IdentifyReply | null): Decision {
  if (blueprint.kind === 'unreadable') return { kind: 'rejected', findings: blueprint.findings };
  const surroundings = surroundingsOf(blueprint, reply?.parent ?? null);
  const { declarations, problems } = declare(blueprint, surroundings, reply);
  const found = [...checkBlueprint({ blueprint, reply, surroundings }), ...problems];
  const findings = inOrder(
    [...blueprint.findings, ...found.map((problem) => findingOf(problem, blueprint.source))],
    blueprint.limits.maxFindings,
  );
  const awaited = needsParent(blueprint, findings);
  if (awaited !== undefined) return awaited;
  if (blocks(findings)) return { kind: 'rejected', findings };
  const known = must(reply, 'the graph was asked about a Blueprint that can be read');
  const revision = sealArtifact('revision', revisionOf(blueprint, declarations, known));
  return { kind: 'accepted', revision, findings };
}

function needsParent({ routing }: ReadBlueprint, findings: readonly Finding[]): Decision | undefined {
  const unknownParent = findings.find(({ code }) => code === 'unknown-parent');
  if (unknownParent === undefined || routing?.baselineId === undefined) return undefined;
  const others = findings.filter((finding) => finding !== unknownParent);
  if (blocks(others)) return { kind: 'rejected', findings: others };
  return { kind: 'needs parent', parent: routing.baselineId, unknownParent, findings: others };
}

function declare(
  { services, address, header, routing, origin }: ReadBlueprint,
  surroundings: Surroundings,
  reply: IdentifyReply | null,
): { readonly declarations: readonly ServiceDeclaration[]; readonly problems: readonly Problem[] } {
  const project = projectOf(header?.project, { env: address.env, reply, overlay: routing?.mode === 'overlay' });
  const problems: Problem[] = [];
  const declarations = services.flatMap(({ written, path }): ServiceDeclaration[] => {
    if (written === undefined) return [];
    const { name, formerNames } = written;
    if (written.remove) return [{ kind: 'remove', name }];
    const normalised = normaliseService(written, { path, surroundings });
    // Not spread into one call: a service may have more problems than a call has room for arguments.
    for (const problem of normalised.problems) problems.push(problem);
    const identity = identityOf(written, { org: address.org, project, reply, origin });
    return [{ kind: 'run', name, identity, formerNames, spec: normalised.spec }];
  });
  return { declarations: sortedBy(declarations, ({ name }) => name), problems };
}

/** Protocol 6: a root's project is its name, an overlay's is its root's. */
function projectOf(
  stated: string | undefined,
  { env, overlay, reply }: { readonly env: string; readonly overlay: boolean; readonly reply: IdentifyReply | null },
): string {
  return stated ?? (overlay ? reply?.parent?.project : undefined) ?? env;
}

function revisionOf(
  { address, header, routing }: ReadBlueprint,
  services: readonly ServiceDeclaration[],
  reply: IdentifyReply,
): Revision {
  const { project, description, labels, budget } = must(header, 'a Blueprint without findings has a header');
  const written = must(routing, 'a Blueprint without findings has routing');
  const overlay = written.mode === 'overlay';
  const parent = overlay && written.baselineId !== undefined ? written.baselineId : undefined;
  return {
    org: address.org,
    env: address.env,
    project: projectOf(project, { env: address.env, overlay, reply }),
    mode: written.mode,
    ...(parent === undefined ? {} : { parent: { env: parent, link: written.track ?? 'tracking' } }),
    ...(description === undefined ? {} : { description }),
    labels: sortedRecord(labels),
    services,
    routing: normaliseRouting(written, address.env),
    ...(budget === undefined ? {} : { budget: budgetOf(budget.perHour) }),
  };
}

function budgetOf(dollarsPerHour: number): BudgetSpec {
  return { microsPerHour: Math.round(dollarsPerHour * 1_000_000) };
}
