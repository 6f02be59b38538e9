import { filters } from '@microstax/contracts/subjects';
import { streams } from '@microstax/contracts/topology';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { clean } from '../output.ts';
import { openSession } from '../session.ts';

const shownMax = 200;

/** The last events, oldest first; with `-w` new ones until Ctrl-C. `-o json` is one object a line. */
export async function eventsCommand(flags: Flags): Promise<void> {
  const json = outputOf(flags) === 'json';
  const at = generationOf(flags);
  await using session = await openSession(orgOf(flags));
  const filter =
    typeof flags.env === 'string' ? filters.eventsAbout(session.org, flags.env) : filters.eventsInOrg(session.org);
  await using live = await session.bus.subscribe(filter);
  const past = await session.bus.read(streams.events.name, { filter });
  const asked = past.filter(({ body }) => at === undefined || readBody(body).generation === at);
  for (const event of asked.slice(-shownMax)) print(event.subject, event.body, event.storedAt, json);
  if (flags.watch !== true) return;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const printing = (async () => {
    for await (const event of live)
      if (at === undefined || readBody(event.body).generation === at)
        print(event.subject, event.body, Date.now(), json);
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

function print(subject: string, bytes: Uint8Array, at: number, json: boolean): void {
  const [, , service, org, env, last] = subject.split('.');
  const body = readBody(bytes);
  if (json) {
    process.stdout.write(`${JSON.stringify({ at, service, org, env, event: last, ...body, bundle: undefined })}\n`);
    return;
  }
  const what = [body.job, body.state, body.reason, body.findings?.[0]?.reason].filter(Boolean).join(' ');
  process.stdout.write(
    clean(`${new Date(at).toISOString()}  ${service} ${last}  ${body.activation ?? env}${what ? `  ${what}` : ''}`) +
      '\n',
  );
}
