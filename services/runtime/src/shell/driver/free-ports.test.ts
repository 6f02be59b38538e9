import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { FreePorts, quietPorts } from './free-ports.ts';

test('quietPorts() are those above what the kernel gives away by itself, where there are enough', () => {
  expect(quietPorts({ from: 32_768, to: 60_999 })).toEqual({ from: 61_000, to: 65_535 });
  expect(quietPorts({ from: 1_024, to: 65_000 })).toBeUndefined();
  expect(quietPorts(undefined)).toBeUndefined();
});

test('FreePorts gives no port twice, and none that somebody has', async () => {
  const [taken = 0, ...free] = await new FreePorts().pick(20);
  expect(new Set([taken, ...free]).size).toBe(20);
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(taken, '127.0.0.1', resolve));
  try {
    const ports = new FreePorts({ from: taken, to: taken }); // nothing but what is taken
    const [other] = await ports.pick(1);
    expect(other).not.toBe(taken);
  } finally {
    holder.close();
  }
});

test('FreePorts keeps out of the kernel’s range while it can', async () => {
  const ports = new FreePorts({ from: 61_000, to: 65_535 });
  for (const port of await ports.pick(50)) expect(port).toBeGreaterThanOrEqual(61_000);
});
