import { filters } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { readSpans, type Span } from '../../apps/cli/src/spans.ts';
import type { FaultHouse } from './fault-house.ts';

/** All spans on the bus by trace id. */
export async function spansByTrace({ bus }: FaultHouse): Promise<ReadonlyMap<string, readonly Span[]>> {
  const messages = await bus.read(streams.spans.name, { filter: filters.spans });
  const traces = Map.groupBy(messages, ({ subject }) => subject.slice(subject.lastIndexOf('.') + 1));
  return new Map(
    [...traces].map(
      ([trace, batches]) =>
        [
          trace,
          readSpans(
            batches.map(({ body }) => body),
            trace,
          ),
        ] as const,
    ),
  );
}

/** The ids of traces that hold a span of a service of ours about this environment. */
export function tracesAbout(env: string, traces: ReadonlyMap<string, readonly Span[]>): readonly string[] {
  return [...traces].filter(([, spans]) => spans.some((span) => isAbout(span, env))).map(([trace]) => trace);
}

function isAbout({ attributes }: Span, env: string): boolean {
  return Object.values(attributes).some(
    (value) =>
      value === env || (typeof value === 'string' && (value.includes(`.${env}.`) || value.startsWith(`${env}@`))),
  );
}
