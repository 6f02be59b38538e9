import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogicalTarget } from '@microstax/model/resolution';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, expect, test } from 'vitest';
import { corednsProgram } from '../artifacts/cached-program.ts';
import { aFamily } from '../artifacts/family.ts';
import { startProgram } from '../artifacts/live-program.ts';
import { freePort } from '../artifacts/live-upstreams.ts';
import { textOf } from '../artifacts/obedience.ts';

/**
 * CoreDNS itself, with the lines as msx prints them in a server block, answers DNS queries as the records say. It is built
 * once, which takes minutes.
 */

const folder = mkdtempSync(join(tmpdir(), 'msx-names-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [shop, team, feat] = aFamily({
  unknown: 'baseline',
  environments: [
    {
      ...{ env: 'shop', parent: null, value: 'shop' },
      does: { catalog: 'runs', 'pay-2': 'runs', web: 'runs', mail: 'maps', vault: 'maps to a number' },
    },
    {
      ...{ env: 'team', parent: 'shop', value: 'team' },
      does: { catalog: 'inherits', 'pay-2': 'runs', web: 'inherits', mail: 'inherits', vault: 'inherits' },
    },
    {
      ...{ env: 'feat', parent: 'team', value: 'feat' },
      does: { catalog: 'runs', 'pay-2': 'inherits', web: 'denies', mail: 'denies', vault: 'pools' },
    },
  ],
});
if (shop === undefined || team === undefined || feat === undefined) throw new Error('a family has its environments');

const family = [shop, team, feat];
const mailAddress = '203.0.113.9';

/** Addresses of what runs, as the cluster's own DNS would know them. */
const addresses: Readonly<Record<string, string>> = {
  'catalog.shop': '10.0.0.1',
  'pay-2.shop': '10.0.0.2',
  'web.shop': '10.0.0.3',
  'pay-2.team': '10.0.1.2',
  'catalog.feat': '10.0.2.1',
  'vault.tools': '10.0.3.1',
};

/** Who answers for a record: an address outside at once, or by the environment that is asked for it. */
function addressOf(target: LogicalTarget | null): string {
  if (target === null) return 'ENOTFOUND';
  if ('external' in target) return target.external.host === 'mail.example.com' ? mailAddress : target.external.host;
  const records = family.find(({ resolution }) => resolution.env === target.env)?.resolution.records ?? [];
  const next = records.find(({ service }) => service === target.service)?.target ?? null;
  if (next !== null && 'external' in next) return addressOf(next);
  return addresses[`${target.service}.${target.env}`] ?? 'nobody';
}

test('CoreDNS leads the names of every environment to what answers there, and knows no name of what is denied', async ({
  skip,
}) => {
  const path = await corednsProgram();
  if (path === undefined) return skip();
  const port = await freePort();
  const known = Object.entries(addresses).map(([name, address]) => `${address} ${name}.svc.cluster.local`);
  known.push(`${mailAddress} mail.example.com`);
  const lines = family.map((listener) => textOf('coredns', { listener, others: family }));
  const corefile = join(folder, 'Corefile');
  writeFileSync(
    corefile,
    `.:${port} {\n  bind 127.0.0.1\n${lines.join('')}  hosts {\n    ${known.join('\n    ')}\n  }\n}\n`,
  );
  await using coredns = startProgram(path, ['-conf', corefile]);
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const ask = (service: string, env: string) => resolver.resolve4(`${service}.${env}.svc.cluster.local`);
  await eventually(async () => {
    const first = await ask('web', 'shop').catch((error: unknown) => `${String(error)}; it said: ${coredns.said()}`);
    expect(first).toEqual(['10.0.0.3']);
    return true;
  });

  for (const { resolution } of family)
    for (const { env, service, target } of resolution.records) {
      const wanted = addressOf(target);
      const said = await ask(service, env).then(
        ([address]) => address,
        ({ code }: { code: string }) => code,
      );
      expect(said, `${service} in ${env}`).toBe(wanted);
    }
  // What a record does not say, nobody answers: an address of numbers has one family.
  await expect(resolver.resolve6('vault.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
  // A rewritten question is answered under the name that was asked, or resolvers throw the answer away.
  expect(await ask('PAY-2', 'feat')).toEqual(['10.0.1.2']);
}, 900_000);
