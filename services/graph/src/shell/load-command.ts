import { type Commanded, type CommandState, endsSomething } from '../core/command.ts';
import type { DeriveState } from '../core/derive-state.ts';
import type { ActivationDocument, EnvironmentDocument, HoldDocument } from '../core/documents.ts';
import { isAsleep, served } from '../core/offer.ts';
import { activationAt, environmentAt } from '../core/places.ts';
import { loadRevision } from './load-chain.ts';
import { type DeriveTarget, loadDerive } from './load-derive.ts';
import type { Reader } from './transact.ts';

/** What a command reads: the environment, who holds it, who derives from it, and with `cascade` all of those too. */
export async function loadCommand(
  reader: Reader,
  { org, env, verb, cascade, submission }: Commanded,
): Promise<CommandState> {
  const ends = endsSomething(verb);
  const target = { org, env, submission: submission.id };
  const self = await (ends ? loadEnding(reader, target) : loadDerive(reader, target));
  const dependents = ends ? await dependentsOf(reader, org, env) : { holders: [], children: [] };
  const holders = verb === 'sleep' ? await awakeHolders(reader, org, dependents.holders) : dependents.holders;
  const known =
    self === null ? await reader.scan<EnvironmentDocument>('environments', { prefix: `${org}/`, limit: 20 }) : [];
  return {
    self,
    known: known.map((row) => row.env),
    ...dependents,
    holders,
    cascaded: ends && cascade && self !== null ? await loadCascade(reader, { org, env, verb }) : [],
  };
}

/**
 * What goes is what serves, so that `resume` brings that back (protocol 19): a head that was denied, refused or failed
 * changed nothing, and `retry` is the word for it.
 */
export async function loadEnding(reader: Reader, target: DeriveTarget): Promise<DeriveState | null> {
  const { org, env } = target;
  const row = await reader.get<EnvironmentDocument>(environmentAt(org, env));
  const serving = row && served(row);
  if (!serving) return loadDerive(reader, target);
  const newest = await reader.get<ActivationDocument>(activationAt(org, env, row.generation));
  const stands = newest === null || newest.outcome === null || newest.outcome === 'ready';
  if (stands) return loadDerive(reader, target);
  return loadDerive(reader, { ...target, own: await loadRevision(reader, org, serving.revision) });
}

type Dependents = { readonly holders: readonly HoldDocument[]; readonly children: readonly string[] };

/** Who holds a service of an environment, and who derives from it. Scans: whoever is born or claims bumps its row. */
export async function dependentsOf(reader: Reader, org: string, env: string): Promise<Dependents> {
  const prefix = `${org}/${env}/`;
  const holders = await reader.scan<HoldDocument>('holds', { prefix });
  const children = await reader.scan<{ env: string }>('children', { prefix });
  return { holders, children: children.map((child) => child.env) };
}

/** Who sleeps needs no provider until it is woken, and then wakes it (protocol 21). Guarded: waking raises the row. */
export async function awakeHolders(
  reader: Reader,
  org: string,
  holders: readonly HoldDocument[],
): Promise<readonly HoldDocument[]> {
  const rows = await reader.getMany<EnvironmentDocument>(holders.map(({ child }) => environmentAt(org, child)));
  return holders.filter((_, index) => {
    const row = rows[index];
    return !row || !isAsleep(row);
  });
}

// Whoever holds a provider that goes, goes too; with a delete also whoever derives from it.
async function loadCascade(
  reader: Reader,
  about: { org: string; env: string; verb: string },
): Promise<readonly DeriveState[]> {
  const { org, env, verb } = about;
  const found = new Set<string>([env]);
  for (const name of found) {
    const { holders, children } = await dependentsOf(reader, org, name);
    for (const { child } of holders) found.add(child);
    if (verb === 'delete') for (const child of children) found.add(child);
  }
  found.delete(env);
  const states: DeriveState[] = [];
  for (const name of [...found].sort()) {
    const row = await reader.get<EnvironmentDocument>(environmentAt(org, name));
    if (row === null || row.wanted === 'deleted') continue;
    if (verb === 'sleep' && row.wanted === 'stopped') continue;
    const state = await loadEnding(reader, { org, env: name, submission: null });
    if (state) states.push(state);
  }
  return states;
}
