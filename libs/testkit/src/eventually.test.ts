import { describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';

describe('eventually()', () => {
  test('settles with the first answer that is one, and overlooks what was thrown before', async () => {
    const answers = [undefined, false, new Error('not yet'), 0, 7] as const;
    let asked = 0;
    const check = (): number | undefined | false => {
      const answer = answers[asked];
      asked += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    };
    expect(await eventually(check, { intervalMs: 1 })).toBe(0);
    expect(asked).toBe(4);
  });

  test('rejects with its message and the last answer or error', async () => {
    const options = { timeoutMs: 5, intervalMs: 1, message: 'the environment is ready' };
    await expect(eventually(() => false, options)).rejects.toThrow(
      'Waited 5 ms in vain until the environment is ready: the last answer is false',
    );
    const failing = (): never => {
      throw new Error('refused');
    };
    await expect(eventually(failing, options)).rejects.toThrow('the last error is "refused"');
  });
});
