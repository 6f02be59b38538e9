import type { ImportComposeRequest, ImportRemark, ImportReply } from '@microstax/contracts/import-requests';
import { compareText, sortedBy } from '@microstax/model/compare';
import type { LocatedMap } from '../located.ts';
import { quote } from '../quote.ts';
import { Complaints } from './complaints.ts';
import { type ComposeApplication, ComposeLoader } from './compose-load.ts';
import { composeService } from './compose-service.ts';
import type { Draft } from './draft.ts';
import { environmentName } from './environment-name.ts';
import { type Account, Ledger, sumOf } from './ledger.ts';
import { link } from './link.ts';
import { Names, ourName } from './names.ts';
import { asList, asText, isNothing } from './nodes.ts';
import { printBlueprint } from './print-blueprint.ts';
import { reportOf } from './report.ts';
import { SecretReferences } from './secrets.ts';
import { Sources } from './sources.ts';

const noCounterpart = 'a Blueprint has no such field';

/**
 * Compose files as a Blueprint and a report, or everything that is wrong with them. Reads nothing itself: files that are
 * named and not given are asked for. No text makes it throw, and the same request has the same answer to the byte.
 */
export function composeBlueprint(request: ImportComposeRequest): ImportReply {
  const sources = new Sources();
  const complaints = new Complaints();
  const loader = new ComposeLoader(request, { sources, complaints });
  const application = loader.load();
  const wanted = loader.wanted();
  if (wanted.length > 0) return { kind: 'needs files', paths: wanted };
  const name = environmentName(request, application.name, complaints);
  const { chosen, left } = byProfile(application, request.profiles ?? [], sources, complaints);
  if (chosen.length === 0 && !complaints.blocks())
    complaints.add({
      code: 'no-services',
      path: 'services',
      at: 0,
      reason: 'the files declare no service',
      next: left.length > 0 ? 'ask for a profile with --profile' : 'give a file with services',
    });
  const ledger = new Ledger();
  const references = new SecretReferences(name);
  const names = new Names(complaints);
  const scene = { complaints, ledger, loader, application, references, project: name };
  // In the order of the text, so that the later of two is the one complained of.
  const ours = new Map(
    [...chosen]
      .sort(([, one], [, other]) => one.at - other.at)
      .map(([written, service]) => [written, names.take(written, `services.${written}`, service.at)]),
  );
  const drafts = chosen.flatMap(([written, service]): Draft[] => {
    const name = ours.get(written);
    return name === undefined ? [] : [composeService(written, name, service, scene)];
  });
  // An env file may have been named by a service only.
  const more = loader.wanted();
  if (more.length > 0) return { kind: 'needs files', paths: more };
  const findings = complaints.findings(sources);
  if (complaints.blocks()) return { kind: 'refused', findings };
  const linked = link(
    sortedBy(drafts, (draft) => draft.name),
    sources,
  );
  const account = sumOf([
    ...sectionAccounts(application, ledger),
    ...chosen.map(([written, service]) =>
      ledger.account(service, `services.${written}`, {
        service: ourName(written) ?? written,
        otherwise: noCounterpart,
      }),
    ),
  ]);
  const blueprint = printBlueprint(name, request, linked.services, request.files);
  return {
    kind: 'imported',
    blueprint,
    report: reportOf('compose', name, { linked, account, remarks: left, sources }),
    findings,
  };
}

type Chosen = readonly (readonly [string, LocatedMap])[];

function byProfile(
  application: ComposeApplication,
  profiles: readonly string[],
  sources: Sources,
  complaints: Complaints,
): { readonly chosen: Chosen; readonly left: readonly ImportRemark[] } {
  const left: ImportRemark[] = [];
  const chosen = [...application.services].filter(([name, service]) => {
    const node = service.entries.get('profiles')?.node;
    const own = asList(node, `services.${name}.profiles`, { complaints }).flatMap(
      (item) => asText(item, `services.${name}.profiles`, { complaints }) ?? [],
    );
    if (own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile))) return true;
    left.push({
      service: name,
      field: 'profiles',
      reason: `left out: it belongs to ${own.map(quote).join(', ')}`,
      at: sources.positionAt(service.at),
    });
    return false;
  });
  return { chosen: sortedBy(chosen, ([name]) => name), left };
}

/** What the top of the files says beside services. `version` says nothing, `x-…` belongs to whoever wrote it. */
function sectionAccounts({ sections }: ComposeApplication, ledger: Ledger): Account[] {
  return [...sections]
    .filter(([key]) => !key.startsWith('x-'))
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([key, section]) =>
      [...section.entries].map(([name, { node }]) => {
        // A volume or network without settings is only a name, and names are carried.
        if (isNothing(node) || (node.kind === 'map' && node.entries.size === 0)) ledger.carry(node);
        return ledger.account(node, `${key}.${name}`, { otherwise: otherwise[key] ?? noCounterpart });
      }),
    );
}

const otherwise: Readonly<Record<string, string>> = {
  networks: 'services of one environment reach each other by their dependencies, whatever their networks',
  volumes: 'how a volume is kept is up to where it runs',
};
