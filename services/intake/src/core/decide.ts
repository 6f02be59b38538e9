import type { IdentifyReply } from '@microstax/contracts/graph-requests';
import { type Artifact, sealArtifact } from '@microstax/model/artifact';
import { sortedBy } from '@microstax/model/compare';
import { blocks, type Finding } from '@microstax/model/finding';
import { must } from '@microstax/model/must';
import type { Revision, ServiceDeclaration } from '@microstax/model/revision';
import { checkBlueprint } from './check-blueprint.ts';
import { identityOf } from './identify.ts';
import type { Path } from './located.ts';
import { normaliseEnvironment } from './normalise-environment.ts';
import { normaliseRouting } from './normalise-routing.ts';
import { normaliseService } from './normalise-service.ts';
import { findingOf, inOrder, type Problem } from './problem.ts';
import { quote } from './quote.ts';
import type { ReadBlueprint, UnreadableBlueprint } from './read-blueprint.ts';
import { sortedRecord } from './sorted-record.ts';
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
    if (written.id !== undefined && written.id !== identity && routing !== undefined && reply !== null)
      problems.push(identityDiffers(written.id, identity, [...path, 'id']));
    return [{ kind: 'run', name, identity, formerNames, spec: normalised.spec }];
  });
  return { declarations: sortedBy(declarations, ({ name }) => name), problems };
}

/** An id only states what the graph knows already: nothing takes another service's history by writing its id. */
function identityDiffers(stated: string, identity: string, path: Path): Problem {
  return {
    code: 'identity-differs',
    path,
    reason: `the service is ${quote(identity)}, and the Blueprint says ${quote(stated)}`,
    next: 'leave id out; a service that was renamed states its former names in formerNames',
  };
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
  const head = must(header, 'a Blueprint without findings has a header');
  const { project, description, labels } = head;
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
    ...normaliseEnvironment(head),
  };
}
