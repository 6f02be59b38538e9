import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from './log.ts';
import { inSpan, startTelemetry } from './telemetry.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'msx-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('createLog()', () => {
  test('carries the service, and inside a span its ids', async () => {
    const file = join(folder, 'log.json');
    const log = createLog({ service: 'planner', destination: file });
    await using telemetry = startTelemetry({ service: 'planner' });
    log.info({ env: 'feature-x' }, 'outside');
    const ids = await inSpan(telemetry.tracer, 'plan', {}, (span) => {
      log.warn('inside');
      return span.spanContext();
    });
    const [outside, inside] = linesOf(file);
    expect(outside).toMatchObject({ level: 'info', service: 'planner', env: 'feature-x', msg: 'outside' });
    expect(outside).not.toHaveProperty('trace_id');
    expect(inside).toMatchObject({ level: 'warn', msg: 'inside', trace_id: ids.traceId, span_id: ids.spanId });
  });

  test('keeps to its level', () => {
    const file = join(folder, 'log.json');
    const log = createLog({ service: 'planner', level: 'warn', destination: file });
    log.info('not said');
    log.error('said');
    expect(linesOf(file).map(({ msg }) => msg)).toEqual(['said']);
  });
});
