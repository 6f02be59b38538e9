import type { Commanded, CommandState } from '../core/command.ts';
import type { DeriveState } from '../core/derive-state.ts';
import type { EnvironmentDocument, HoldDocument } from '../core/documents.ts';
import { environmentAt } from '../core/places.ts';
import { loadDerive } from './load-derive.ts';
import type { Reader } from './transact.ts';

/** What a command reads: the environment, who holds it, who derives from it, and with `cascade` all of those too. */
export async function loadCommand(
  reader: Reader,
  { org, env, verb, cascade, submission }: Commanded,
): Promise<CommandState> {
  const self = await loadDerive(reader, { org, env, submission: submission.id });
  const ends = verb === 'stop' || verb === 'delete';
  const dependents = ends ? await dependentsOf(reader, org, env) : { holders: [], children: [] };
  const known =
    self === null ? await reader.scan<EnvironmentDocument>('environments', { prefix: `${org}/`, limit: 20 }) : [];
  return {
    self,
    known: known.map((row) => row.env),
    ...dependents,
    cascaded: ends && cascade && self !== null ? await loadCascade(reader, { org, env, verb }) : [],
  };
}

type Dependents = { readonly holders: readonly HoldDocument[]; readonly children: readonly string[] };

async function dependentsOf(reader: Reader, org: string, env: string): Promise<Dependents> {
  const prefix = `${org}/${env}/`;
  const holders = await reader.scan<HoldDocument>('holds', { prefix });
  const children = await reader.scan<{ env: string }>('children', { prefix });
  return { holders, children: children.map((child) => child.env) };
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
    const state = await loadDerive(reader, { org, env: name, submission: null });
    if (state) states.push(state);
  }
  return states;
}
