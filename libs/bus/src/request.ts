import type { RequestContract } from '@microstax/contracts/request-contract';
import { requestSubject, routerSubject } from '@microstax/contracts/subjects';
import { textOfBytes } from '@microstax/model/text-of-bytes';
import { inSpan } from '@microstax/service/telemetry';
import { SpanKind } from '@opentelemetry/api';
import { BusError, type BusErrorCode, busErrorCodes } from './bus-error.ts';
import type { Connection } from './connection.ts';
import { toBusError } from './nats-errors.ts';
import { checkPayload } from './publish.ts';
import { messagingAttributes } from './span-attributes.ts';
import { withTrace } from './trace-headers.ts';
import { unlessLost } from './unless-lost.ts';

export type RequestHow = { readonly timeoutMs?: number };

/** What both ends of a request write and read. */
export type Answer =
  | { readonly ok: true; readonly value?: unknown }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

const requestMs = 5_000;

/** Asks one replica of a service. */
export function request<Request, Reply>(
  connection: Connection,
  contract: RequestContract<Request, Reply>,
  org: string,
  body: Request,
  how: RequestHow = {},
): Promise<Reply> {
  const { service, op } = contract;
  if (service === 'router') throw new TypeError(`Cannot ask "any router" for ${op}: use requestRouter with an id`);
  return ask(connection, contract, requestSubject(service, org, op), body, how);
}

/** Asks the router with this id. */
export function requestRouter<Request, Reply>(
  connection: Connection,
  contract: RequestContract<Request, Reply>,
  id: string,
  body: Request,
  how: RequestHow = {},
): Promise<Reply> {
  return ask(connection, contract, routerSubject(contract.op, id), body, how);
}

async function ask<Request, Reply>(
  connection: Connection,
  { service, op }: RequestContract<Request, Reply>,
  subject: string,
  body: Request,
  { timeoutMs = requestMs }: RequestHow,
): Promise<Reply> {
  const doing = `ask ${service} for ${op}`;
  const bytes = Buffer.from(JSON.stringify(body ?? null));
  checkPayload(connection, doing, bytes);
  const attributes = messagingAttributes('request', subject, { client: connection.service });
  return inSpan(
    connection.telemetry.tracer,
    `request ${service} ${op}`,
    { kind: SpanKind.CLIENT, attributes },
    async () => {
      try {
        const options = { timeoutMs, headers: withTrace({}) };
        const send = () => connection.replies.request(subject, bytes, options);
        const reply = await unlessLost(connection, { doing, waitMs: timeoutMs }, send);
        return valueIn(JSON.parse(textOfBytes(reply.data)) as Answer) as Reply;
      } catch (error) {
        throw toBusError(error, doing);
      }
    },
  );
}

function valueIn(answer: Answer): unknown {
  if (answer.ok) return answer.value;
  const { code, message } = answer.error;
  // The other side's sentence is whole already: it is passed on as it is.
  throw new BusError(isBusErrorCode(code) ? code : 'failed', message);
}

function isBusErrorCode(code: string): code is BusErrorCode {
  return busErrorCodes.some((known) => known === code);
}
