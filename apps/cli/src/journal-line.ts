import type { JournalEvent } from '@microstax/model/journal';

/** A journal event as a person reads it: what happened, and why. */
export function describeEvent(event: JournalEvent): { readonly what: string; readonly reason: string } {
  switch (event.type) {
    case 'claimed':
      return { what: 'claimed', reason: `by ${event.owner.host}/${event.owner.pid}` };
    case 'taken over':
      return { what: 'taken over', reason: `by ${event.owner.host}/${event.owner.pid}: ${event.reason}` };
    case 'bound':
      return { what: 'bound', reason: counted(Object.values(event.actions)) };
    case 'intended':
      return { what: `${event.job} intended`, reason: event.action };
    case 'done':
      return { what: `${event.job} done`, reason: event.reason ?? result(event) };
    case 'failed':
    case 'unknown':
      return { what: `${event.job} ${event.type}`, reason: event.reason };
    case 'lost':
      return { what: `${event.instance} lost`, reason: event.reason };
    case 'finished':
      return { what: `finished ${event.outcome}`, reason: event.reason };
  }
}

function result(event: JournalEvent & { type: 'done' }): string {
  if (event.result?.kind === 'instance') return `pid ${event.result.instance.pid}`;
  if (event.result?.kind === 'listeners') return `${event.result.listeners.length} listeners`;
  if (event.result?.kind === 'routes') return `table revision ${event.result.revision}`;
  return event.result?.kind === 'removed' ? `${event.result.instances.length} instances` : '';
}

function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of [...words].sort()) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
}
