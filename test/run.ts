import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '@microstax/service/nats-server';

/**
 * Runs the suites and prints, last and alone on its line, `N passed, N failed`. A suite that cannot be loaded counts as
 * a failure though it holds no failed test. Arguments go to vitest.
 */
type Assertion = { readonly status: string };
type Report = {
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly Assertion[] }[];
};

const folder = mkdtempSync(join(tmpdir(), 'msx-test-'));
const report = join(folder, 'report.json');

// One fetch for all workers: each would make its own otherwise.
await findNatsServer({ env: process.env, allowFetch: true, announce: (line) => process.stderr.write(`${line}\n`) });

const asked = process.argv.slice(2);
const vitest = spawn(
  join(import.meta.dirname, '..', 'node_modules', '.bin', 'vitest'),
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...asked],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => vitest.kill(signal));
vitest.on('exit', (code) => {
  const { passed, failed, skipped } = count(report);
  rmSync(folder, { recursive: true, force: true });
  const failures = failed === 0 && code !== 0 ? 1 : failed;
  console.log(`\n${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failures > 0 || passed === 0 ? 1 : 0;
});

function count(file: string): { passed: number; failed: number; skipped: number } {
  let results: Report['testResults'];
  try {
    results = (JSON.parse(readFileSync(file, 'utf8')) as Report).testResults;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const assertions = results.flatMap((suite) => suite.assertionResults);
  const of = (status: string): number => assertions.filter((assertion) => assertion.status === status).length;
  const broken = results.filter(
    (suite) => suite.status === 'failed' && !suite.assertionResults.some((one) => one.status === 'failed'),
  ).length;
  return { passed: of('passed'), failed: of('failed') + broken, skipped: of('pending') + of('skipped') + of('todo') };
}
