import { spansSubject } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { CliError } from '../cli-error.ts';
import { read } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf, outputOf } from '../flags.ts';
import { printObject } from '../output.ts';
import { openSession, type Session } from '../session.ts';
import { readSpans, type Span } from '../spans.ts';
import { drawWaterfall } from '../waterfall.ts';

/** Draws the spans of a trace as a waterfall, all services under one trace id. */
export async function traceCommand(what: string, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  await using session = await openSession(orgOf(flags));
  const traces = await tracesOf(session, what);
  const drawn: { trace: string; spans: readonly Span[] }[] = [];
  for (const trace of traces) drawn.push({ trace, spans: await spansOf(session, trace) });
  if (drawn.every(({ spans }) => spans.length === 0))
    throw new CliError({
      code: 'not-found',
      message: `There are no spans of ${what}; they are kept for 6 hours`,
      exitCode: exitCodes.notFound,
    });
  process.stdout.write(
    printObject(
      format,
      drawn,
      () => drawn.map(({ trace, spans }) => drawWaterfall(trace, spans)).join('\n'),
      `trace/${traces[0]}`,
    ),
  );
}

export async function spansOf(session: Session, trace: string): Promise<readonly Span[]> {
  const messages = await session.bus.read(streams.spans.name, { filter: spansSubject(trace) });
  return readSpans(
    messages.map(({ body }) => body),
    trace,
  );
}

async function tracesOf(session: Session, what: string): Promise<readonly string[]> {
  if (/^[0-9a-f]{32}$/.test(what)) return [what];
  const [env = '', generation] = what.split('@');
  const { items } = await read(session, { kind: 'activations', env });
  const item = generation === undefined ? items.at(-1) : items.find((one) => one.activation === what);
  if (item) return item.traces;
  throw new CliError({
    code: 'not-found',
    message: `There is no activation ${JSON.stringify(what)}; ${env} has ${items.map((one) => one.activation).join(', ') || 'none'}`,
    next: `msx get activations ${env}`,
    exitCode: exitCodes.notFound,
  });
}
