import type { ChangeClass, FieldChange } from '@microstax/model/difference';
import { listed } from './listed.ts';

const moving: ReadonlySet<ChangeClass> = new Set(['behaviour', 'contract', 'data']);

/** The changes that another environment's instance cannot stand in for; capacity, policy and metadata it can. */
export function movingChanges(changes: readonly FieldChange[]): readonly FieldChange[] {
  return changes.filter((change) => moving.has(change.class));
}

/** `/env/FEE, /args/0 (behaviour) and /ports (contract)`: the fields by class, in the order of the difference. */
export function namedChanges(changes: readonly FieldChange[]): string {
  const byClass = Map.groupBy(changes, (change) => change.class);
  return [...byClass].map(([name, fields]) => `${listed(fields.map(({ pointer }) => pointer))} (${name})`).join(', ');
}
