import { filters } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { stringify } from 'yaml';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { clean, type OutputFormat } from '../output.ts';
import { openSession } from '../session.ts';

const shownMax = 200;

/** The last events, oldest first; with `-w` new ones until Ctrl-C. `-o json` is one object a line, `-o yaml` one document each. */
export async function eventsCommand(flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const filter =
    typeof flags.env === 'string' ? filters.eventsAbout(session.org, flags.env) : filters.eventsInOrg(session.org);
  await using live = await session.bus.subscribe(filter);
  const past = await session.bus.read(streams.events.name, { filter });
  const asked = past.filter(({ body }) => at === undefined || readBody(body).generation === at);
  for (const event of asked.slice(-shownMax)) print(event.subject, event.body, event.storedAt, format);
  if (flags.watch !== true) return;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const printing = (async () => {
    for await (const event of live)
      if (at === undefined || readBody(event.body).generation === at)
        print(event.subject, event.body, Date.now(), format);
  })();
  await Promise.race([stopped, printing]);
}

type EventBody = {
  readonly generation?: number;
  readonly activation?: string;
  readonly submission?: string | null;
  readonly job?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly findings?: readonly { readonly reason: string }[];
};

/** A body that is no JSON is shown by its subject alone. */
function readBody(bytes: Uint8Array): EventBody {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as EventBody;
  } catch {
    return {};
  }
}

function print(subject: string, bytes: Uint8Array, at: number, format: OutputFormat): void {
  process.stdout.write(eventText(subject, bytes, at, format));
}

/** One event in the asked format, with its trailing newline. */
export function eventText(subject: string, bytes: Uint8Array, at: number, format: OutputFormat): string {
  const [, , service, org, env, last] = subject.split('.');
  const body = readBody(bytes);
  if (format === 'name') return `event/${service}/${env}/${last}\n`;
  if (format === 'json' || format === 'yaml') {
    const { bundle: _, ...told }: EventBody & { bundle?: unknown } = body;
    const item = { at, service, org, env, event: last, ...told };
    return format === 'json' ? `${JSON.stringify(item)}\n` : `---\n${stringify(item)}`;
  }
  const what = [body.job, body.state, body.reason, body.findings?.[0]?.reason].filter(Boolean).join(' ');
  return `${clean(`${new Date(at).toISOString()}  ${service} ${last}  ${body.activation ?? env}${what ? `  ${what}` : ''}`)}\n`;
}
