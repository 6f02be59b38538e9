import { randomUUID } from 'node:crypto';
import type { SubmissionAnswer } from '@microstax/contracts/answer';
import { answerOf } from '@microstax/contracts/graph-requests';
import { filters, parseSubject } from '@microstax/contracts/subjects';
import type { Finding } from '@microstax/model/finding';
import { inSpan } from '@microstax/service/telemetry';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import { ask, type Session } from './session.ts';

/** After so long without an answer the graph is asked, and the same id is sent again only where there is none (protocol 2). */
const resendMs = 10_000;
const answerTimeoutMs = 120_000;

export type Submission = { readonly id: string; readonly env: string; readonly answer: SubmissionAnswer };

export type SubmissionMessage = {
  readonly env: string;
  readonly subject: string;
  readonly body: Uint8Array;
  readonly onSubmitted?: (id: string) => void;
  /** Warnings of a Blueprint that was accepted all the same. */
  readonly onFindings?: (findings: readonly Finding[]) => void;
  readonly signal?: AbortSignal;
};

/**
 * Publishes a submission and settles with its one recorded answer. It listens before it speaks, so no answer is missed.
 */
export async function submit(session: Session, message: SubmissionMessage): Promise<Submission> {
  const id = randomUUID();
  const { env, subject, body } = message;
  return inSpan(
    session.telemetry.tracer,
    'submit',
    { attributes: { 'msx.org': session.org, 'msx.env': env } },
    async () => {
      await using events = await session.bus.subscribe(filters.eventsAbout(session.org, env));
      const heard = firstAnswer(events, id, message.onFindings);
      heard.catch(() => undefined); // the answer is asked for where the subscription ended early
      await session.bus.publishRaw({ subject, body, id });
      message.onSubmitted?.(id);
      const deadline = Date.now() + answerTimeoutMs;
      for (;;) {
        const answer =
          (await within(heard, resendMs, message.signal)) ?? (await ask(session, answerOf, { submission: id })).answer;
        if (answer) return { id, env, answer };
        if (Date.now() > deadline)
          throw new CliError({
            code: 'no-answer',
            message: `Nobody answered submission ${id} within ${answerTimeoutMs / 1000} s`,
            next: 'msx status, and look at: msx events',
            exitCode: exitCodes.timeout,
          });
        await session.bus.publishRaw({ subject, body, id });
      }
    },
  );
}

async function firstAnswer(
  events: AsyncIterable<{ readonly subject: string; readonly body: Uint8Array }>,
  id: string,
  onFindings: SubmissionMessage['onFindings'],
): Promise<SubmissionAnswer | undefined> {
  for await (const event of events) {
    const body = parse(event.body);
    const subject = parseSubject(event.subject);
    if (body?.submission !== id || subject?.kind !== 'event') continue;
    const name = `${subject.service} ${subject.last}`;
    if (name === 'intake accepted' && Array.isArray(body.findings)) onFindings?.(body.findings as Finding[]);
    const answer = answerIn(name, body);
    if (answer) return answer;
  }
  return undefined;
}

type EventBody = { readonly submission?: string; readonly [field: string]: unknown };

/** `<service> <last word>` of an event to the answer it is, if it is one. */
function answerIn(event: string, body: EventBody): SubmissionAnswer | undefined {
  const { generation, activation } = body as { generation: number; activation: string };
  switch (event) {
    case 'intake rejected':
      return { kind: 'rejected', findings: body.findings as never };
    case 'graph refused':
      return { kind: 'refused', findings: body.findings as never };
    case 'graph unchanged':
      return { kind: 'unchanged', generation, activation, outcome: (body.outcome ?? null) as never };
    case 'graph outdated':
      return { kind: 'outdated', newer: String(body.newer) };
    case 'graph revised':
      return { kind: 'revised', generation, activation, trace: null };
    default:
      return undefined;
  }
}

function parse(bytes: Uint8Array): EventBody | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as EventBody;
  } catch {
    return undefined;
  }
}

async function within<T>(work: Promise<T>, ms: number, signal?: AbortSignal): Promise<T | undefined> {
  signal?.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ms, undefined);
  const abort = (): void => resolve(undefined);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const value = await Promise.race([work, promise]);
    signal?.throwIfAborted();
    return value;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
