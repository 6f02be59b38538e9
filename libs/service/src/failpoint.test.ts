import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { failpoint, parseFailpoints } from './failpoint.ts';
import { processState } from './process-identity.ts';

const door = fileURLToPath(new URL('./failpoint.ts', import.meta.url));
const program = `
  const { failpoint } = await import(${JSON.stringify(door)});
  for (let hit = 1; hit <= 3; hit += 1) {
    await failpoint('after-say');
    await failpoint('after-ack');
    console.log('passed ' + hit);
  }
`;

function startProgram(failpoints: string): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, MSX_FAILPOINTS: failpoints },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  return { child, output: () => text };
}

describe('failpoint()', () => {
  test('kills its process at the named hit and not before', async () => {
    const { child, output } = startProgram('after-say@2=kill');
    const [code, signal] = await once(child, 'close');
    expect([code, signal]).toEqual([null, 'SIGKILL']);
    expect(output()).toBe('passed 1\n');
  });

  test('stops its process at the named hit until it is told to go on', async () => {
    const { child, output } = startProgram('after-ack@1=stop,before-publish@1=kill');
    const closed = once(child, 'close');
    const pid = child.pid ?? 0;
    while (processState(pid) !== 'T') await new Promise(setImmediate);
    expect(output()).toBe('');
    child.kill('SIGCONT');
    expect(await closed).toEqual([0, null]);
    expect(output()).toBe('passed 1\npassed 2\npassed 3\n');
  });

  test('answers with one and the same promise where nothing is armed', () => {
    expect(failpoint('after-say')).toBe(failpoint('after-ack'));
  });
});

describe('parseFailpoints()', () => {
  test('reads names, hits and actions', () => {
    expect(parseFailpoints('after-say@2=kill, before-publish@1=stop')).toEqual([
      { name: 'after-say', hit: 2, action: 'kill' },
      { name: 'before-publish', hit: 1, action: 'stop' },
    ]);
    expect(parseFailpoints('')).toEqual([]);
  });

  for (const bad of ['after-say', 'after-say@0=kill', 'after-say@1=pause', '@1=kill', 'after say@1=kill']) {
    test(`refuses ${JSON.stringify(bad)} and quotes it`, () => {
      expect(() => parseFailpoints(`ok@1=stop,${bad}`)).toThrow(`found ${JSON.stringify(bad)}`);
    });
  }
});
