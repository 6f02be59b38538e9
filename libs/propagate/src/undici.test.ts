import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { readContext, runWithContext } from './context.ts';
import { echo, serve } from './testing/echo-server.ts';
import { contextOnDispatch, followUndici } from './undici.ts';

const context = readContext({ baggage: 'user=7,msx-env=one' });

/** Every form in which undici takes headers. */
const forms: Record<string, Parameters<typeof request>[1]> = {
  'no headers': {},
  'an object': { headers: { baggage: 'own=1', accept: 'text/x' } },
  'a flat list': { headers: ['baggage', 'own=1', 'accept', 'text/x'] },
  'a Map': {
    headers: new Map([
      ['baggage', 'own=1'],
      ['accept', 'text/x'],
    ]) as never,
  },
};

const ways = {
  'contextOnDispatch()': { begin: () => () => undefined, dispatcher: () => new Agent().compose(contextOnDispatch) },
  'followUndici()': { begin: followUndici, dispatcher: () => new Agent() },
};

for (const [way, { begin, dispatcher }] of Object.entries(ways))
  describe(way, () => {
    for (const [form, options] of Object.entries(forms))
      test(`carries the context beside ${form}`, async () => {
        await using last = await serve(echo);
        const agent = dispatcher();
        const end = begin();
        try {
          const ask = async (): Promise<IncomingHttpHeaders> => {
            const { body } = await request(last.url, { ...options, dispatcher: agent });
            return (await body.json()) as IncomingHttpHeaders;
          };
          const sent = await runWithContext(context, ask);
          expect(sent['x-msx-env']).toBe('one');
          expect(String(sent.baggage).split(/, ?/).sort()).toEqual([
            'msx-env=one',
            ...(form === 'no headers' ? [] : ['own=1']),
            'user=7',
          ]);
          if (form !== 'no headers') expect(sent.accept).toBe('text/x');
          expect(await ask()).not.toHaveProperty('x-msx-env');
        } finally {
          end();
          await agent.close();
        }
      });
  });

test('followUndici() adds nothing to what carries the context already', async () => {
  await using last = await serve(echo);
  const end = followUndici();
  const agent = new Agent().compose(contextOnDispatch);
  const { body } = await runWithContext(context, () => request(last.url, { dispatcher: agent }));
  end();
  const headers = (await body.json()) as IncomingHttpHeaders;
  expect(headers).toMatchObject({ baggage: 'msx-env=one,user=7', 'x-msx-env': 'one' });
  await agent.close();
});
