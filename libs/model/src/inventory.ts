import { compareText, sortedBy } from './compare.ts';
import { emptyInventory, type InstanceRecord, type Inventory, type JobResult, type JournalEvent } from './journal.ts';
import { must } from './must.ts';

/** Folds one journal event into the inventory. Pure; the order of events is the journal's. */
export function evolveInventory(inventory: Inventory, event: JournalEvent): Inventory {
  if (event.type === 'lost') return withoutInstances(inventory, [event.instance]);
  return event.type === 'done' && event.result ? applyResult(inventory, event.result) : inventory;
}

/** The inventory that a whole journal amounts to. */
export function foldInventory(events: Iterable<JournalEvent>): Inventory {
  let inventory = emptyInventory;
  for (const event of events) inventory = evolveInventory(inventory, event);
  return inventory;
}

function applyResult(inventory: Inventory, result: JobResult): Inventory {
  switch (result.kind) {
    case 'instance': {
      return { ...inventory, instances: withInstance(inventory.instances, result.instance) };
    }
    case 'listeners':
      return {
        ...inventory,
        listeners: sortedBy(result.listeners, (listener) => `${listener.service}/${listener.port}`),
      };
    case 'removed':
      return withoutInstances(inventory, result.instances);
    case 'routes':
      return inventory;
  }
}

// An inventory is sorted; a large environment starts thousands of instances, and each looks for its place only.
function withInstance(instances: readonly InstanceRecord[], instance: InstanceRecord): readonly InstanceRecord[] {
  let [from, to] = [0, instances.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compareText(idAt(instances, middle), instance.id) < 0) from = middle + 1;
    else to = middle;
  }
  const known = from < instances.length && idAt(instances, from) === instance.id;
  return instances.toSpliced(from, known ? 1 : 0, instance);
}

function idAt(instances: readonly InstanceRecord[], index: number): string {
  return must(instances[index], 'the index is one of the instances').id;
}

function withoutInstances(inventory: Inventory, ids: readonly string[]): Inventory {
  return { ...inventory, instances: inventory.instances.filter((instance) => !ids.includes(instance.id)) };
}
