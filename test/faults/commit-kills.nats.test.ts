import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SubmissionAnswer } from '@microstax/contracts/answer';
import { environmentRevised } from '@microstax/contracts/environment-revised';
import { streams } from '@microstax/contracts/topology';
import { canonicalJson } from '@microstax/model/canonical-json';
import { auditOrigin } from '@microstax/model/checkpoint';
import { must } from '@microstax/model/must';
import { defaultOrg as org } from '@microstax/model/names';
import { seededRandom } from '@microstax/testkit/random';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../services/graph/src/shell/store/sqlite-store.ts';
import { verifyAudit } from '../../services/graph/src/testing/verify-audit.ts';
import { counted, times } from './config.ts';
import { type FaultHouse, startFaultHouse } from './fault-house.ts';
import { eventually } from './patience.ts';

const kills = times(5, 50);
const envs = ['one', 'two', 'three'] as const;

test(
  `the graph is killed ${kills} times while it commits: the log verifies, nothing accepted is missing, every outbox row is said`,
  async () => {
    await using house = await startFaultHouse({
      without: ['router', 'planner', 'resolver', 'validator', 'runtime'],
      asProcesses: ['graph'],
      env: { MSX_CHECKPOINT: '100ms', MSX_REDRIVE: '200ms' },
    });
    const random = seededRandom(kills);
    const submissions: string[] = [];
    const answers = new Map<string, SubmissionAnswer>();
    const heard = async (id: string): Promise<void> => void answers.set(id, await house.answer(id));
    let underWay = 0;
    await eventually(() => house.ask({ kind: 'environments' }), { message: 'the graph answers' });
    for (let kill = 0; kill < kills; kill++) {
      const sent = await Promise.all(
        Array.from({ length: 12 }, (_, n) => {
          const services = [house.blueprints.service('web', { version: `${kill}-${n}` })];
          return house.send(house.blueprints.baseline(random.pick(envs), services));
        }),
      );
      submissions.push(...sent);
      // Once some have their answers, others are under way.
      await Promise.race(sent.map(heard));
      await new Promise((resolve) => setTimeout(resolve, random.integer(0, 30)));
      await house.processOf('graph').kill();
      underWay += sent.filter((id) => !answers.has(id)).length;
      house.launch('graph');
      await eventually(() => house.ask({ kind: 'environments' }), { message: 'the graph answers again' });
    }
    const unheard = submissions.filter((id) => !answers.has(id));
    await Promise.all(unheard.map(heard));

    const revised = [...answers.values()].flatMap((answer) => (answer.kind === 'revised' ? [answer.activation] : []));
    expect(new Set(revised).size).toBe(revised.length);
    expect([...answers.values()].filter(({ kind }) => kind !== 'revised' && kind !== 'outdated')).toEqual([]);
    for (const env of envs) {
      const { items } = await house.ask({ kind: 'activations', env });
      expect(items.map(({ generation }) => generation)).toEqual(items.map((_, index) => index + 1));
      expect(items.map(({ activation }) => activation).filter((one) => !revised.includes(one))).toEqual([]);
    }
    await eventually(async () => (await saidOf(house)).size >= revised.length, { message: 'every outbox row is said' });
    expect([...(await saidOf(house))].toSorted()).toEqual(revised.toSorted());

    await house.processOf('graph')[Symbol.asyncDispose]();
    const { entries, outbox, verdict } = await looked(house.dataDir);
    expect(underWay).toBeGreaterThan(kills);
    expect(outbox).toEqual([]);
    expect(verdict).toMatchObject({ code: 0, err: '' });
    expect(entries).toBe(submissions.length);
    counted('kills in mid-commit', {
      kills,
      submissions: submissions.length,
      revised: revised.length,
      'under way at a kill': underWay,
    });
  },
  times(900_000, 3_600_000),
);

/** Activations that were said on the stream. */
async function saidOf({ bus }: FaultHouse): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const env of envs) {
    const stored = await bus.read(streams.events.name, { filter: environmentRevised.subject({ org, env }) });
    for (const { body } of stored) found.add(JSON.parse(new TextDecoder().decode(body)).activation);
  }
  return found;
}

/** What the database holds once nobody writes to it, and what an outsider says of its log. */
async function looked(dataDir: string) {
  await using store = await openSqliteStore(join(dataDir, 'graph.db'));
  const rows = await store.readLog('audit', { org });
  const kept = join(dataDir, 'audit', 'checkpoints', org);
  const checkpoints = readdirSync(kept).filter((name) => /^\d+$/.test(name));
  const notes = checkpoints.map((name) => readFileSync(join(kept, name), 'utf8'));
  const key = readFileSync(join(dataDir, 'audit', 'key.pub.pem'), 'utf8');
  const file = {
    format: 'microstax-audit-export/v1',
    org,
    origin: auditOrigin(org),
    publicKey: key,
    entries: rows.map(({ n, body, leafHash }) => ({
      n,
      entry: canonicalJson(body),
      leafHash: must(leafHash, 'a leaf'),
    })),
    checkpoints: notes,
  };
  return {
    entries: rows.length,
    outbox: (await store.readLog('outbox', {})).map(({ n }) => n),
    verdict: verifyAudit(file, { key, held: notes }),
  };
}
