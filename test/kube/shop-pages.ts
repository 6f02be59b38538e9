import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { Answer } from '../../examples/storefront/lib/answer.ts';
import { askOnce } from '../artifacts/live-upstreams.ts';
import type { Kubebox } from './kubebox.ts';

/** The Blueprints of the storefront as pods. */
export const storefront = join(import.meta.dirname, '..', '..', 'examples', 'storefront', 'kubernetes');
export const feature = 'feat-payments';

const eight = ['cart', 'catalog', 'checkout', 'payments', 'pricing', 'shipping', 'store', 'web'];
export const asInShop = Object.fromEntries(eight.map((service) => [`${service} 1.0`, 'shop']));
const { 'payments 1.0': _, ...others } = asInShop;
export const asInFeature = { ...others, 'payments 2.0': feature };

/** A pod keeps its connections to a Service for some seconds of silence, and those go on to whoever answered them. */
export const onNewConnections = { timeoutMs: 40_000, intervalMs: 5_000 };

/** Who answered: service and version to the environment that the pod was started for. */
export function hops(answer: Answer): Record<string, string | undefined> {
  const own = { [`${answer.service} ${answer.version}`]: answer.environment };
  return Object.fromEntries([...Object.entries(own), ...answer.calls.flatMap((call) => Object.entries(hops(call)))]);
}

export type Asked = { readonly port: number; readonly host?: string; readonly path?: string };

/** What a service of the storefront answers. */
export async function page(
  { port, host, path = '/' }: Asked,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { status, body } = await askOnce(port, path, headers, host);
  expect(status, body).toBe(200);
  return JSON.parse(body) as Answer;
}

/** Makes the image that the Blueprints name. */
export async function addStorefront(box: Kubebox): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'msx-storefront-'));
  try {
    await promisify(execFile)('sh', [join(storefront, 'image.sh'), folder]);
    await box.addImage('storefront:1', folder, [process.execPath]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** This machine as the real node sees it. */
export function machineAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ family, address }) => family === 'IPv4' && address.startsWith('10.200.'));
  if (found === undefined) throw new Error('the real node has no way to this machine');
  return found.address;
}
