import type { ComparedService, GraphDifference } from '@microstax/contracts/graph-views';
import { canonicalJson } from '@microstax/model/canonical-json';
import { compareText, sortedBy } from '@microstax/model/compare';
import type { EffectiveGraph, EffectiveService } from '@microstax/model/effective-graph';
import type { Revision } from '@microstax/model/revision';
import { specChanges } from './spec-changes.ts';

export type ComparedSide = { readonly revision: Revision; readonly effective: EffectiveGraph };
type Compared = Pick<GraphDifference, 'environment' | 'services' | 'unchanged'>;

/** What leads from one effective graph to another; services are paired by name, what is left by identity. */
export function compareGraphs(before: ComparedSide, after: ComparedSide): Compared {
  const old = new Map(before.effective.services.map((service) => [service.name, service]));
  const now = new Map(after.effective.services.map((service) => [service.name, service]));
  const gone = new Map(
    [...old.values()].flatMap((service) => (now.has(service.name) ? [] : [[service.identity, service] as const])),
  );
  const services: ComparedService[] = [];
  let unchanged = 0;
  for (const service of now.values()) {
    const same = old.get(service.name);
    const renamed = same === undefined ? gone.get(service.identity) : undefined;
    if (renamed !== undefined) gone.delete(service.identity);
    const compared = compareService(same ?? renamed, service);
    if (compared === null) unchanged += 1;
    else services.push(compared);
  }
  for (const service of gone.values()) services.push(removed(service));
  return {
    environment: compareRevisions(before.revision, after.revision),
    services: sortedBy(services, ({ service }) => service),
    unchanged,
  };
}

/** null: equal. Who owns it is no difference of its own. */
function compareService(before: EffectiveService | undefined, after: EffectiveService): ComparedService | null {
  const { name: service, identity } = after;
  const owners = { before: before?.owner ?? null, after: after.owner };
  if (before === undefined) return { service, identity, change: 'added', formerName: null, owners, changes: [] };
  const renamed = before.name !== service;
  if (!renamed && before.specDigest === after.specDigest) return null;
  const changes = specChanges(before.spec, after.spec).filter(({ pointer }) => pointer !== '/name');
  const formerName = renamed ? before.name : null;
  return { service, identity, change: renamed ? 'renamed' : 'changed', formerName, owners, changes };
}

function removed({ name, identity, owner }: EffectiveService): ComparedService {
  const owners = { before: owner, after: null };
  return { service: name, identity, change: 'removed', formerName: null, owners, changes: [] };
}

function compareRevisions(before: Revision, after: Revision): Compared['environment'] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const pointers = [...new Set([...old.keys(), ...now.keys()])].sort(compareText);
  return pointers.flatMap((pointer) => {
    const sides = { before: old.get(pointer) ?? null, after: now.get(pointer) ?? null };
    return sides.before === sides.after ? [] : [{ pointer, ...sides }];
  });
}

const valueLengthMax = 80; // a difference is for reading

/** Every field of an environment but its services and what is only its name. */
function fieldsOf({ org: _org, env, services: _services, routing, ...rest }: Revision): Map<string, string> {
  const { value, ...others } = routing;
  const named = { ...rest, routing: value === env ? others : routing };
  const fields = new Map<string, string>();
  const walk = (node: unknown, pointer: string): void => {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) {
      const text = typeof node === 'string' ? node : canonicalJson(node);
      fields.set(pointer, text.length > valueLengthMax ? `${text.slice(0, valueLengthMax)}…` : text);
      return;
    }
    for (const [key, inner] of Object.entries(node))
      if (inner !== undefined) walk(inner, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  };
  walk(named, '');
  return fields;
}
