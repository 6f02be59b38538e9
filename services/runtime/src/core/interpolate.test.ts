// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these words are what a Blueprint says
import { given } from '@microstax/testkit/given';
import { describe, expect, test } from 'vitest';
import { refersToOwnPort, startWords } from './interpolate.ts';
import { aSpec } from './testing/plans.ts';

const addresses = {
  ports: { http: 41_001 },
  listeners: [{ service: 'db', port: 'tcp', host: '127.0.0.1', listenPort: 5_432 }],
};
const words = (spec: Parameters<typeof aSpec>[1]) => startWords(aSpec('web', spec), addresses);

describe('startWords()', () => {
  test('fills own ports and listeners in command, arguments and environment', () => {
    given({
      run: { command: ['serve', '${port.http}'], cwd: '.' },
      args: ['--db=${host.db}:${port.db.tcp}'],
      env: { PORT: '${port.http}', TWICE: '${port.http}${port.http}' },
    })
      .when(words)
      .then({
        kind: 'filled',
        value: {
          command: ['serve', '41001', '--db=127.0.0.1:5432'],
          environment: { PORT: '41001', TWICE: '4100141001' },
        },
      });
  });

  test('leaves words that are not ours', () => {
    given({ env: { A: '${HOME} $port ${ports.http} ${port}' } })
      .when(words)
      .thenMatches({
        value: { command: ['node', 'server.js'], environment: { A: '${HOME} $port ${ports.http} ${port}' } },
      });
  });

  test('does not fill what was filled in', () => {
    const tricky = {
      ...addresses,
      listeners: [{ ...addresses.listeners[0], service: 'db', port: 'tcp', host: '${port.http}', listenPort: 1 }],
    };
    given(aSpec('web', { env: { A: '${host.db}' } }))
      .when((spec) => startWords(spec, tricky))
      .thenMatches({ value: { command: ['node', 'server.js'], environment: { A: '${port.http}' } } });
  });

  test.each(['${port.grpc}', '${host.cart}', '${port.db.http}', '${port.constructor}', '${host.db.tcp}'])(
    'says that %s stands for nothing, and what is known',
    (text) => {
      given({ env: { URL: text } })
        .when(words)
        .thenCheck((filled) => {
          expect(filled).toMatchObject({
            kind: 'unknown',
            reason: expect.stringContaining(`"${text}" in env URL of "web"`),
          });
          expect(filled).toMatchObject({ reason: expect.stringContaining('port.http, port.db.tcp') });
        });
    },
  );
});

test('refersToOwnPort() tells whether the program takes its port from us', () => {
  expect(refersToOwnPort(aSpec('web', { args: ['${port.http}'] }), 'http')).toBe(true);
  expect(refersToOwnPort(aSpec('web', { args: ['8080'] }), 'http')).toBe(false);
});
