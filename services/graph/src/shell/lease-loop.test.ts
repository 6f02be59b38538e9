import type { Bus } from '@microstax/bus/bus';
import { silentLog } from '@microstax/service/log';
import { aRevision, aService } from '@microstax/testkit/blueprints';
import { createFakeClock, type FakeClock } from '@microstax/testkit/fake-clock';
import { expect, test } from 'vitest';
import { born, serving } from '../core/testing/states.ts';
import { LeaseBook } from './lease-book.ts';
import { startLeases } from './lease-loop.ts';

const leaseMs = 600;
const { environment } = serving(born(aRevision('base', { services: [aService('web')] })));
const open = { ...environment, execution: { id: 'base@1', generation: 1, open: true } };

type Scene = { readonly clock: FakeClock; readonly leases: LeaseBook; offers(): number; answers: boolean };

/** A graph with one open execution; a bus that does not answer fails after half a second, as a paused one does. */
function scene(): Scene & AsyncDisposable {
  const clock = createFakeClock();
  const leases = new LeaseBook();
  leases.follow(open, 0);
  let offers = 0;
  const state = { clock, leases, answers: true, offers: () => offers };
  const streamState = async (): Promise<undefined> => {
    if (state.answers) return;
    await clock.delay(500);
    if (!state.answers) throw new Error('timeout');
  };
  const bus = { state: () => 'connected', streamState } as unknown as Bus;
  const transact = async () => {
    offers += 1;
    return { changes: { puts: [], removes: [], appends: [] } } as never;
  };
  const loop = startLeases({ bus, clock, leases, transact, log: silentLog }, { leaseMs });
  const end = async (): Promise<void> => {
    const ended = loop[Symbol.asyncDispose]();
    await clock.advance(1_000);
    await ended;
  };
  return Object.assign(state, { [Symbol.asyncDispose]: end });
}

/** In small steps, as time passes. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) await clock.advance(10);
}

test('startLeases() offers the execution of an owner that was silent for its lease', async () => {
  await using given = scene();
  await pass(given.clock, leaseMs - 20);
  expect(given.offers()).toBe(0);
  await pass(given.clock, 150);
  expect(given.offers()).toBe(1);
});

test('startLeases() measures no silence while the bus is connected and says nothing, and a whole lease afterwards', async () => {
  await using given = scene();
  await pass(given.clock, 300);
  given.answers = false;
  await pass(given.clock, 5 * leaseMs);
  expect(given.offers()).toBe(0);
  given.answers = true;
  await pass(given.clock, leaseMs - 100);
  expect(given.offers()).toBe(0);
  await pass(given.clock, 2 * leaseMs);
  expect(given.offers()).toBeGreaterThan(0);
});

test('startLeases() calls nobody silent after this very process slept', async () => {
  await using given = scene();
  await pass(given.clock, 300);
  given.clock.skip(5 * leaseMs);
  await pass(given.clock, leaseMs - 100);
  expect(given.offers()).toBe(0);
  await pass(given.clock, 250);
  expect(given.offers()).toBe(1);
});
