import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@microstax/service/clock';
import { silentLog } from '@microstax/service/log';
import { startTelemetry } from '@microstax/service/telemetry';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { eventually } from '@microstax/testkit/eventually';
import { afterAll, expect, test } from 'vitest';
import type { TimerDocument } from '../core/documents.ts';
import { environmentAt } from '../core/places.ts';
import { born } from '../core/testing/states.ts';
import { timerPut } from '../core/timers.ts';
import type { Graph } from './graph.ts';
import { openSqliteStore } from './store/sqlite-store.ts';
import { startTimers } from './timer-loop.ts';
import { transactOn } from './transact.ts';

const folder = mkdtempSync(join(tmpdir(), 'msx-timers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const timer = (env: string, dueAt: number): TimerDocument => ({
  id: `moved/default/${env}`,
  org: 'default',
  env,
  dueAt,
  cause: { kind: 'parent moved', parent: 'base', parentGeneration: 1 },
  traceparent: null,
});

test('a timer that throws is tried again later and holds up no other', async () => {
  await using store = await openSqliteStore(join(folder, 'graph.db'));
  // Its revision has no bytes, so it cannot be derived.
  const { environment } = born(aRevision('broken', { services: [aService('web')] }));
  const puts = [
    { ...environmentAt('default', 'broken'), body: environment },
    timerPut(timer('broken', 1)),
    timerPut(timer('unknown', 2)),
    timerPut(timer('unknown', systemClock.now() + 3_600_000)),
  ];
  await store.commit({ guards: [], puts, removes: [], appends: [] });
  const graph = {
    store,
    clock: systemClock,
    log: silentLog,
    transact: transactOn(store, { later: () => {} }),
    bus: { telemetry: startTelemetry({ service: 'graph' }) },
  } as unknown as Graph;
  const beganAt = systemClock.now();
  await using _loop = startTimers(graph, { timerMs: 10, fanOutPerSecond: 1_000 });

  const left = await eventually(async () => {
    const rows = await store.scan<TimerDocument>('timers', { prefix: '' });
    return rows.length === 2 && rows.map(({ body }) => body);
  });
  expect(left.map(({ env }) => env)).toEqual(['broken', 'unknown']);
  expect(left[0]?.dueAt).toBeGreaterThan(beganAt + 30_000);
});
