import { canonicalJson } from '@microstax/model/canonical-json';
import { compareText } from '@microstax/model/compare';
import type { ResolvedRecord } from '@microstax/model/resolution';

/** What became of the record of one service between two generations. */
export type RecordChange = {
  readonly service: string;
  readonly change: 'added' | 'removed' | 'changed' | 'unchanged';
  readonly before: ResolvedRecord | null;
  readonly after: ResolvedRecord | null;
  /** Members that differ, sorted: `tier`, `target`, `tried`, … */
  readonly fields: readonly string[];
};

/** Every service of either, in the order of names. A record holds neither address nor generation, so bytes are compared. */
export function recordDifference(
  before: readonly ResolvedRecord[],
  after: readonly ResolvedRecord[],
): readonly RecordChange[] {
  const old = new Map(before.map((record) => [record.service, record]));
  const now = new Map(after.map((record) => [record.service, record]));
  return [...new Set([...old.keys(), ...now.keys()])].sort(compareText).map((service) => {
    const [was, is] = [old.get(service) ?? null, now.get(service) ?? null];
    const fields = was === null || is === null ? [] : differing(was, is);
    return { service, change: changeOf(was, is, fields), before: was, after: is, fields };
  });
}

function changeOf(
  was: ResolvedRecord | null,
  is: ResolvedRecord | null,
  fields: readonly string[],
): RecordChange['change'] {
  if (was === null) return 'added';
  if (is === null) return 'removed';
  return fields.length > 0 ? 'changed' : 'unchanged';
}

function differing(was: ResolvedRecord, is: ResolvedRecord): string[] {
  const [old, now] = [was, is] as unknown as [Record<string, unknown>, Record<string, unknown>];
  const members = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort(compareText);
  return members.filter((member) => canonicalJson(old[member] ?? null) !== canonicalJson(now[member] ?? null));
}
