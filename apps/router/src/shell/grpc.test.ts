import { once } from 'node:events';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { eventually } from '@microstax/testkit/eventually';
import { expect, test } from 'vitest';
import { call } from '../testing/calls.ts';
import { EchoClient, startGrpcInstance } from '../testing/grpc.ts';
import { aFreePort, startInstance } from '../testing/instances.ts';
import { aRouter, shopAt } from '../testing/router.ts';
import { aTable } from '../testing/tables.ts';

const plain = (): Metadata => new Metadata();
const forTeam = (): Metadata => metadata({ baggage: 'msx-env=team' });

test('a gRPC call of each shape passes with its metadata, its messages and its trailers', async () => {
  await using web = await startGrpcInstance('web', {
    one: (asked, done) => {
      asked.sendMetadata(metadata({ 'x-first': String(asked.metadata.get('x-asked')) }));
      done(null, asked.request.toUpperCase(), metadata({ 'x-last': 'one', 'x-bytes-bin': Buffer.from([0, 255]) }));
    },
    many: (asked) => {
      for (const letter of asked.request) asked.write(letter);
      asked.end(metadata({ 'x-last': 'many' }));
    },
    sum: (asked, done) => {
      let sum = 0;
      asked.on('data', (value: string) => {
        sum += Number(value);
      });
      asked.on('end', () => done(null, String(sum)));
    },
    talk: (asked) => {
      asked.on('data', (value: string) => asked.write(`${value}!`));
      asked.on('end', () => asked.end());
    },
  });
  await using router = aRouter();
  router.put(shopAt([web.port]));
  using client = new EchoClient(await router.listen('shop', 'web', 'grpc'));

  expect(await client.one('a', metadata({ 'x-asked': 'this' }))).toBe('A');
  const many = client.many('xyz', plain());
  const [letters, ended] = await Promise.all([many.toArray(), once(many, 'status')]);
  expect(letters).toEqual(['x', 'y', 'z']);
  expect(ended[0]).toMatchObject({ code: status.OK, metadata: metadata({ 'x-last': 'many' }) });
  const sum = await new Promise((resolve, reject) => {
    const asked = client.sum(plain(), (error, answer) => (error ? reject(error) : resolve(answer)));
    for (const value of ['1', '2', '3']) asked.write(value);
    asked.end();
  });
  expect(sum).toBe('6');
  const talk = client.talk(plain());
  for (const word of ['you', 'me']) {
    talk.write(word);
    expect(await once(talk, 'data')).toEqual([`${word}!`]); // each is answered before the next is sent
  }
  talk.end();
  expect((await once(talk, 'status'))[0]).toMatchObject({ code: status.OK });
});

test('the head and the trailers of a unary call say who answered, and hold bytes and repeated values', async () => {
  const many = metadata({ 'x-bytes-bin': Buffer.from([0, 255]) });
  many.add('x-many', '1');
  many.add('x-many', '2');
  await using web = await startGrpcInstance('web', {
    many: (asked) => {
      asked.sendMetadata(asked.metadata);
      asked.end(many);
    },
  });
  await using router = aRouter();
  router.put(shopAt([web.port]));
  using client = new EchoClient(await router.listen('shop', 'web', 'grpc'));
  const asked = client.many('.', metadata({ 'x-asked': 'this', 'x-own-bin': Buffer.from([1, 2]) }));
  asked.resume();
  const [[head], [end]] = await Promise.all([once(asked, 'metadata'), once(asked, 'status')]);
  expect(head.getMap()).toMatchObject({
    'x-asked': 'this',
    'x-own-bin': Buffer.from([1, 2]),
    'x-msx-target': 'shop/web',
    'x-msx-reason': 'local overlay; no context, listener of shop',
  });
  expect(end.metadata.get('x-many').join(', ')).toBe('1, 2');
  expect(end.metadata.get('x-bytes-bin')).toEqual([Buffer.from([0, 255])]);
});

test('each call of one connection goes where its own context says', async () => {
  await using base = await startGrpcInstance('base');
  await using changed = await startGrpcInstance('changed', {
    one: (asked, done) => done(null, `changed ${asked.metadata.get('baggage')} ${asked.metadata.get('x-msx-env')}`),
  });
  await using router = aRouter();
  router.put(shopAt([base.port]));
  router.put(aTable('team', { root: 'shop', records: { web: 'team' }, running: { web: [changed.port] } }));
  const port = await router.listen('shop', 'web', 'grpc');
  using client = new EchoClient(port);
  const seen = 'changed msx-env=team team';
  const contexts = [
    plain(),
    forTeam(),
    plain(),
    metadata({ 'x-msx-env': 'team' }),
    metadata({ tracestate: 'msx-env=team' }),
  ];
  const answers = await Promise.all(contexts.map((context) => client.one('.', context)));
  expect(answers).toEqual(['base', seen, 'base', seen, seen]);
});

test('a refused call gets a gRPC status with the reason, not an HTTP error', async () => {
  await using router = aRouter();
  const port = await router.listen('shop', 'web', 'grpc');
  using client = new EchoClient(port);
  const refused = (context: Metadata): Promise<ServiceError> =>
    client.one('.', context).then(
      () => expect.fail(),
      (error) => error,
    );
  expect(await refused(plain())).toMatchObject({
    code: status.UNAVAILABLE,
    details: 'environment "shop" has no route table',
  });
  router.put(shopAt([], { context: { unknown: 'deny' } }));
  const unknown = await refused(metadata({ baggage: 'msx-env=gone' }));
  expect(unknown).toMatchObject({
    code: status.NOT_FOUND,
    details: 'context "gone" selects no environment under "shop"',
  });
  expect(unknown.metadata.get('x-msx-reason')).toEqual([
    'unknown-context; context "gone" selects no environment under "shop"',
  ]);
  router.put(aTable('shop', { records: { web: { denied: 'inherit-denied' } } }));
  expect(await refused(plain())).toMatchObject({ code: status.PERMISSION_DENIED });
  router.put(shopAt([await aFreePort()]));
  expect(await refused(plain())).toMatchObject({
    code: status.UNAVAILABLE,
    details: expect.stringMatching(
      /^instance "web-0" of service "web" in environment "shop" takes no stream: ECONNREFUSED$/,
    ),
  });
  // The refusals ended none of the connection's other calls.
  await using web = await startGrpcInstance('web');
  router.put(shopAt([web.port]));
  expect(await client.one('.', plain())).toBe('web');
});

test('a deadline and a cancelled call reach the target as a cancelled stream', async () => {
  const ended: string[] = [];
  await using web = await startGrpcInstance('web', {
    one: (asked) =>
      void asked.on('cancelled', () => ended.push(`one ${asked.getDeadline() !== Number.POSITIVE_INFINITY}`)),
    talk: (asked) => {
      asked.write('hello');
      asked.on('cancelled', () => ended.push('talk'));
    },
  });
  await using router = aRouter();
  router.put(shopAt([web.port]));
  using client = new EchoClient(await router.listen('shop', 'web', 'grpc'));
  await expect(client.one('.', plain(), { deadline: Date.now() + 200 })).rejects.toMatchObject({
    code: status.DEADLINE_EXCEEDED,
  });
  await eventually(() => ended.includes('one true'));
  const talk = client.talk(plain());
  talk.on('error', () => {});
  await once(talk, 'data');
  talk.cancel();
  await eventually(() => ended.includes('talk'));
  expect(router.routing.inFlight.open('shop', ['web-0'])).toBe(0);
});

test('a target that breaks within its answer is UNAVAILABLE, and its neighbours go on', async () => {
  const broken = await startGrpcInstance('broken', { talk: (asked) => void asked.write('begun') });
  await using whole = await startGrpcInstance('whole', {
    talk: (asked) => void asked.on('data', (value) => asked.write(value)),
  });
  await using router = aRouter();
  router.put(shopAt([broken.port]));
  router.put(aTable('team', { root: 'shop', records: { web: 'team' }, running: { web: [whole.port] } }));
  using client = new EchoClient(await router.listen('shop', 'web', 'grpc'));
  const [first, second] = [client.talk(plain()), client.talk(forTeam())];
  second.write('1');
  await Promise.all([once(first, 'data'), once(second, 'data')]);
  const failed = once(first, 'error');
  await broken[Symbol.asyncDispose]();
  expect((await failed)[0]).toMatchObject({ code: status.UNAVAILABLE });
  second.write('2');
  expect(await once(second, 'data')).toEqual(['2']);
  second.cancel();
  second.on('error', () => {});
});

test('a target that takes leave gets no new call, and answers the ones it has', async () => {
  const gates: (() => void)[] = [];
  const one = await startGrpcInstance('one', {
    one: (_, done) => void gates.push(() => done(null, 'one')),
  });
  await using two = await startGrpcInstance('two');
  await using router = aRouter();
  router.put(shopAt([one.port]));
  using client = new EchoClient(await router.listen('shop', 'web', 'grpc'));
  const slow = client.one('.', plain());
  await eventually(() => gates.length === 1);
  const gone = one.shutDown();
  router.put(shopAt([two.port], { generation: 2 }));
  expect(await client.one('.', plain())).toBe('two');
  gates[0]?.();
  expect(await slow).toBe('one');
  await gone;
});

test('HTTP/1.1 and gRPC meet on one listener at once', async () => {
  await using grpc = await startGrpcInstance('grpc');
  await using http = await startInstance('http');
  await using router = aRouter();
  router.put(shopAt([grpc.port]));
  router.put(aTable('team', { root: 'shop', records: { web: 'team' }, running: { web: [http.port] } }));
  const port = await router.listen('shop', 'web', 'grpc');
  using client = new EchoClient(port);
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) =>
      index % 2 === 0
        ? client.one('.', plain())
        : (await call(port, { headers: { 'x-msx-env': 'team' } })).headers['x-served-by'],
    ),
  );
  expect(new Set(answers)).toEqual(new Set(['grpc', 'http']));
});

function metadata(values: Readonly<Record<string, string | Buffer>>): Metadata {
  const made = new Metadata();
  for (const [name, value] of Object.entries(values)) made.set(name, value);
  return made;
}
