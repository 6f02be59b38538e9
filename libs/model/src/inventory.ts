import { sortedBy } from './compare.ts';
import { emptyInventory, type Inventory, type JobResult, type JournalEvent } from './journal.ts';

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
      const others = inventory.instances.filter((instance) => instance.id !== result.instance.id);
      return { ...inventory, instances: sortedBy([...others, result.instance], (instance) => instance.id) };
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

function withoutInstances(inventory: Inventory, ids: readonly string[]): Inventory {
  return { ...inventory, instances: inventory.instances.filter((instance) => !ids.includes(instance.id)) };
}
