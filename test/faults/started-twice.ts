import type { FaultHouse } from './fault-house.ts';

/**
 * Services of an environment's first generation that were started more often than once, by the file of starts, with what
 * the journal has to say. A start that the journal itself tells of, because somebody else had taken the port, is none.
 */
export async function startedTwice(house: FaultHouse, env: string): Promise<readonly string[]> {
  const twice = [...house.starts(env)].filter(([, count]) => count > 1);
  if (twice.length === 0) return [];
  const journal = await house.journal(env);
  const told = new Set(
    journal.flatMap(({ event }) =>
      event.type === 'done' && event.reason?.startsWith('started again') ? [event.job] : [],
    ),
  );
  return twice.flatMap(([what, count]) => {
    if (told.has(`readiness:${what.split(' ')[1]}`)) return [];
    return [`${what} was started ${count} times: ${journal.map(({ event }) => JSON.stringify(event)).join(' ')}`];
  });
}
