// Owns: requests that are answered at once from what a process has in memory, many thousands in a second.
// Does not own: what is answered.
//
// 1. No span, no promise and no header for each: who needs a trace asks by `serve`.
// 2. Replicas share the requests by their queue, as all of a service's.
import type { RequestContract } from '@microstax/contracts/request-contract';
import { requestPattern } from '@microstax/contracts/subjects';
import type { Bus } from './bus.ts';
import { connectionOf } from './connection.ts';
import { subjectAddress } from './subject-address.ts';

/** An answer in bytes, `{"ok":true,"value":…}`; must not throw and must not be changed afterwards. */
export type AnswerFromMemory = (request: Uint8Array, org: string) => Uint8Array;

const orgsMax = 10_000; // that many subjects are read once
const message = 'Cannot answer: the organisation in the subject is no allowed token';
const foreign = new TextEncoder().encode(JSON.stringify({ ok: false, error: { code: 'refused', message } }));

/** Settles once requests are heard; disposing it takes the subscription away, and answers what was on its way. */
export async function serveFromMemory<Request, Reply>(
  bus: Bus,
  { service, op }: RequestContract<Request, Reply>,
  answer: AnswerFromMemory,
): Promise<AsyncDisposable> {
  if (service === 'router') throw new TypeError(`Cannot serve router ${op} as a service: use serveRouter`);
  const { nats, log, state } = connectionOf(bus);
  const orgs = new Map<string, string>();
  const readOrg = (subject: string): string | null => {
    const { org } = subjectAddress(subject);
    if (org === undefined) return null;
    if (orgs.size >= orgsMax) orgs.clear();
    orgs.set(subject, org);
    return org;
  };
  const subscription = nats.subscribe(requestPattern(service, op), {
    queue: service,
    callback: (error, message) => {
      if (error !== null) {
        log.error({ err: error, op }, 'cannot hear requests');
        return;
      }
      const org = orgs.get(message.subject) ?? readOrg(message.subject);
      message.respond(org === null ? foreign : answer(message.data, org));
    },
  });
  await nats.flush();
  return {
    [Symbol.asyncDispose]: async () => {
      if (subscription.isClosed()) return;
      // What the server sent before it heard of the end is answered still; in an outage nobody would say when that is.
      if (state() === 'connected') await subscription.drain();
      else subscription.unsubscribe();
    },
  };
}
