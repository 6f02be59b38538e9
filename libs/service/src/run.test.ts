import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sentence } from './run.ts';

const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));

type Started = {
  child: ChildProcess;
  said: (text: string) => Promise<void>;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
};

function startProgram(start: string, env: Record<string, string> = {}): Started {
  const program = `
    const { runService } = await import(${here('./run.ts')});
    const { ConfigError } = await import(${here('./env.ts')});
    const alive = setInterval(() => {}, 1_000);
    await runService('msx-test', async () => { ${start} });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    output.stderr += chunk;
  });
  const said = async (text: string): Promise<void> => {
    while (!output.stdout.includes(text)) await once(child.stdout, 'data');
  };
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { child, said, ended };
}

describe('runService()', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`disposes on ${signal} and exits with 0`, async () => {
      const { child, said, ended } = startProgram(
        `console.log('up'); return { async [Symbol.asyncDispose]() { console.log('disposed'); } };`,
      );
      await said('up');
      child.kill(signal);
      expect(await ended).toEqual({ code: 0, stdout: 'up\ndisposed\n', stderr: '' });
    });
  }

  test('keeps a signal that comes during the start until the start is through', async () => {
    const { child, said, ended } = startProgram(`
      const heard = new Promise((resolve) => process.once('SIGTERM', resolve));
      console.log('starting');
      await heard;
      console.log('up');
      return { async [Symbol.asyncDispose]() { console.log('disposed'); } };
    `);
    await said('starting');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stdout: 'starting\nup\ndisposed\n' });
  });

  test('takes two signals at once for one', async () => {
    const { child, said, ended } = startProgram(`
      const both = Promise.all(['SIGINT', 'SIGTERM'].map((signal) => new Promise((resolve) => process.once(signal, resolve))));
      console.log('up');
      return { async [Symbol.asyncDispose]() { await both; console.log('disposed'); } };
    `);
    await said('up');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stdout: 'up\ndisposed\n' });
  });

  test('exits with 130 on a second signal, although it has not disposed', async () => {
    const { child, said, ended } = startProgram(
      `console.log('up'); return { [Symbol.asyncDispose]() { console.log('disposing'); return new Promise(() => {}); } };`,
    );
    await said('up');
    const again = setInterval(() => child.kill('SIGINT'), 50);
    const { code } = await ended;
    clearInterval(again);
    expect(code).toBe(130);
  });

  test('says in one line why it cannot start and exits with 1', async () => {
    const { ended } = startProgram(
      `throw new Error('Cannot reach the bus', { cause: new Error('connection refused') });`,
    );
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toBe('msx-test cannot start: Cannot reach the bus; because: connection refused\n');
  });

  test('exits with 2 when it was configured wrongly', async () => {
    const { ended } = startProgram(`throw new ConfigError('Cannot read PORT: found "x", allowed is a whole number');`);
    expect(await ended).toMatchObject({
      code: 2,
      stderr: 'msx-test cannot start: Cannot read PORT: found "x", allowed is a whole number\n',
    });
  });

  test('exits with 2 when MSX_FAILPOINTS cannot be read', async () => {
    const { ended } = startProgram(`return { async [Symbol.asyncDispose]() {} };`, { MSX_FAILPOINTS: 'oops' });
    const { code, stderr } = await ended;
    expect(code).toBe(2);
    expect(stderr).toContain('found "oops"');
  });

  test('ends with 1 after a rejection that nobody handled, and names it', async () => {
    const { ended } = startProgram(`
      setImmediate(() => Promise.reject(new Error('forgotten')));
      return { async [Symbol.asyncDispose]() {} };
    `);
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^msx-test ends after a defect: forgotten\n/);
  });
});

test('sentence() joins causes and leaves out what was said already', () => {
  const cause = new Error('connection refused');
  expect(sentence(new Error('Cannot start: connection refused', { cause }))).toBe('Cannot start: connection refused');
  expect(sentence(new Error('two\nlines', { cause: 'odd' }))).toBe('two lines; because: odd');
});
