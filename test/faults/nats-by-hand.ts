import { once } from 'node:events';
import { connect } from 'node:net';

/** A client of a few lines, for what no client of ours does: a stranger at the server's own door. */
export type HandClient = AsyncDisposable & {
  /** Publishes with a reply subject and settles with the first answer's body. */
  ask(subject: string, body: string): Promise<string>;
  /** Asks for this many messages of a durable; settles with them, or with fewer once the server says that there are no more. */
  pull(stream: string, durable: string, batch: number): Promise<readonly HandMessage[]>;
  publish(subject: string, body: string): void;
};

export type HandMessage = {
  readonly subject: string;
  readonly reply: string;
  readonly status: string;
  readonly body: string;
};

const answerMsMax = 60_000;

export async function natsByHand(url: string): Promise<HandClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  const inboxes = new Map<string, (message: HandMessage) => void>();
  let left: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    left = Buffer.concat([left, bytes]);
    for (let taken = take(left); taken !== undefined; taken = take(left)) {
      left = left.subarray(taken.length);
      if (taken.line === 'PING') socket.write('PONG\r\n');
      if (taken.message) inboxes.get(taken.sid ?? '')?.(taken.message);
    }
  });
  socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true,"lang":"by hand","version":"1"}\r\nPING\r\n');
  let count = 0;
  const listen = (hear: (message: HandMessage) => void): { readonly inbox: string; end(): void } => {
    count += 1;
    const [sid, inbox] = [String(count), `_INBOX_by-hand.${process.pid}.${count}`];
    inboxes.set(sid, hear);
    socket.write(`SUB ${inbox} ${sid}\r\n`);
    const end = (): void => {
      inboxes.delete(sid);
      socket.write(`UNSUB ${sid}\r\n`);
    };
    return { inbox, end };
  };
  const publish = (subject: string, body: string, reply = ''): void => {
    const bytes = Buffer.from(body);
    socket.write(
      Buffer.concat([Buffer.from(`PUB ${subject} ${reply} ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]),
    );
  };
  return {
    publish: (subject, body) => publish(subject, body),
    async ask(subject, body) {
      const { promise, resolve } = Promise.withResolvers<HandMessage>();
      const { inbox, end } = listen(resolve);
      publish(subject, body, inbox);
      const answer = await within(promise, `${subject} is answered`);
      end();
      return answer.body;
    },
    async pull(stream, durable, batch) {
      const messages: HandMessage[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const { inbox, end } = listen((message) => {
        if (message.status !== '') return resolve();
        messages.push(message);
        if (messages.length === batch) resolve();
      });
      publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, JSON.stringify({ batch, expires: 500_000_000 }), inbox);
      await within(promise, `${durable} delivers`);
      end();
      return messages;
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

type Taken = { readonly length: number; readonly line: string; readonly sid?: string; readonly message?: HandMessage };

/** The first whole protocol line of the buffer, with its payload. */
function take(buffer: Buffer): Taken | undefined {
  const end = buffer.indexOf('\r\n');
  if (end < 0) return undefined;
  const line = buffer.subarray(0, end).toString('utf8');
  const words = line.split(' ');
  const [verb, subject = '', sid = ''] = words;
  if (verb !== 'MSG' && verb !== 'HMSG') return { length: end + 2, line };
  const totalBytes = Number(words.at(-1));
  const headBytes = verb === 'HMSG' ? Number(words.at(-2)) : 0;
  const from = end + 2;
  if (buffer.length < from + totalBytes + 2) return undefined;
  const sizes = verb === 'HMSG' ? 2 : 1;
  const reply = words.length === 3 + sizes + 1 ? (words[3] ?? '') : '';
  const status = /^NATS\/1\.0 (\d{3})/.exec(buffer.subarray(from, from + headBytes).toString('utf8'))?.[1] ?? '';
  const body = buffer.subarray(from + headBytes, from + totalBytes).toString('utf8');
  return { length: from + totalBytes + 2, line, sid, message: { subject, reply, status, body } };
}

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited ${answerMsMax} ms in vain until ${what}`)), answerMsMax);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
