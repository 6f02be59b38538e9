import { globSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';

/** The import law of ARCHITECTURE.md in executable form; every rule carries a planted violation. */

type ImportRule = {
  readonly name: string;
  readonly broken: (file: string, target: string) => boolean;
  readonly planted: readonly [string, string];
};
type TextRule = {
  readonly name: string;
  readonly broken: (file: string, text: string) => boolean;
  readonly planted: readonly [string, string];
};

const room = (path: string): string => path.split('/').slice(0, 2).join('/');
const isTest = (file: string): boolean => /\.(test|bench)\.ts$/.test(file) || /\/testing\//.test(file);
const inCore = (file: string): boolean => /^services\/\w+\/src\/core\//.test(file);
const ours = (target: string): boolean =>
  target.startsWith('@microstax/') || /^(services|libs|apps|test)\//.test(target);
const alone = (owner: string, lib: RegExp) => (file: string, target: string) =>
  lib.test(target) && room(file) !== owner;
const packageRoom = (target: string): string => target.replace(/^@microstax\/([^/]+).*$/, '$1');
const libNames = ['model', 'contracts', 'bus', 'service', 'propagate', 'testkit'];
const serviceNames = ['intake', 'graph', 'planner', 'resolver', 'runtime', 'validator'];

const coreMayImport = (file: string, target: string): boolean =>
  target.startsWith(`${room(file)}/src/core/`) ||
  /^@microstax\/(model|contracts)\//.test(target) ||
  (room(file) === 'services/intake' && /^(yaml|zod)$/.test(target));

/** What each lib may import of the others: arrows point down only. */
const below: Readonly<Record<string, readonly string[]>> = {
  'libs/model': [],
  'libs/contracts': ['model'],
  'libs/service': ['model', 'contracts'],
  'libs/bus': ['model', 'contracts', 'service'],
  'libs/propagate': [],
  'libs/testkit': ['model', 'contracts', 'service', 'bus'],
};

const importRules: readonly ImportRule[] = [
  {
    name: 'core imports only core, model and contracts (intake also yaml and zod)',
    broken: (file, target) => inCore(file) && !isTest(file) && !coreMayImport(file, target),
    planted: ['services/planner/src/core/place.ts', '../shell/plan-store.ts'],
  },
  {
    name: 'a service never imports another service',
    broken: (file, target) => {
      if (!file.startsWith('services/')) return false;
      const named = target.startsWith('@microstax/') ? `services/${packageRoom(target)}` : room(target);
      return (
        serviceNames.includes(named.replace('services/', '')) && named.startsWith('services/') && named !== room(file)
      );
    },
    planted: ['services/planner/src/shell/on-environment-revised.ts', '@microstax/graph/service'],
  },
  {
    name: 'a lib imports only libs below it, never services or apps',
    broken: (file, target) => {
      if (!file.startsWith('libs/') || !ours(target)) return false;
      if (!target.startsWith('@microstax/')) return room(target) !== room(file);
      const name = packageRoom(target);
      if (`libs/${name}` === room(file)) return true;
      return !(below[room(file)] ?? []).includes(name) && !(isTest(file) && name === 'testkit');
    },
    planted: ['libs/contracts/src/bundle.ts', '@microstax/bus/bus'],
  },
  {
    name: 'shell does not reach up into service.ts or main.ts',
    broken: (file, target) =>
      /^services\/\w+\/src\/(shell|core)\//.test(file) &&
      !isTest(file) &&
      /^services\/\w+\/(src\/service|main)\.ts$/.test(target),
    planted: ['services/planner/src/shell/on-environment-revised.ts', '../service.ts'],
  },
  {
    name: 'main.ts imports only its service, its config and libs/service',
    broken: (file, target) =>
      /^services\/\w+\/main\.ts$/.test(file) &&
      !/\/src\/(service|config)\.ts$/.test(target) &&
      !target.startsWith('@microstax/service/'),
    planted: ['services/planner/main.ts', './src/core/plan.ts'],
  },
  {
    name: 'only apps/cli/src/up.ts starts services',
    broken: (file, target) =>
      !file.startsWith('services/') &&
      !file.startsWith('test/') &&
      !isTest(file) &&
      file !== 'apps/cli/src/up.ts' &&
      ((serviceNames.includes(packageRoom(target)) && target.startsWith('@microstax/')) ||
        target.startsWith('services/')),
    planted: ['apps/router/src/serve.ts', '@microstax/graph/service'],
  },
  {
    name: 'only libs/bus speaks NATS',
    broken: alone('libs/bus', /^@nats-io\//),
    planted: ['services/graph/src/shell/heads.ts', '@nats-io/jetstream'],
  },
  {
    name: 'only services/graph has a database; the process driver opens those of users in a thread of their own',
    broken: (file, target) =>
      alone('services/graph', /^(node:sqlite|arangojs)/)(file, target) &&
      !isTest(file) &&
      file !== 'services/runtime/src/shell/driver/data/sqlite-worker.ts',
    planted: ['services/runtime/src/shell/cache.ts', 'node:sqlite'],
  },
  {
    name: 'only services/runtime speaks Kubernetes',
    broken: alone('services/runtime', /^@kubernetes\//),
    planted: ['services/intake/src/shell/observe.ts', '@kubernetes/client-node'],
  },
  {
    name: 'only resolver and router speak Redis',
    broken: (file, target) => /^ioredis/.test(target) && !/^(services\/resolver|apps\/router)\//.test(file),
    planted: ['services/graph/src/shell/cache.ts', 'ioredis'],
  },
  {
    name: 'only tests import libs/testkit',
    broken: (file, target) =>
      target.startsWith('@microstax/testkit/') &&
      !isTest(file) &&
      !file.startsWith('test/') &&
      !file.startsWith('libs/testkit/'),
    planted: ['services/graph/src/service.ts', '@microstax/testkit/nats'],
  },
];

const textRules: readonly TextRule[] = [
  {
    name: 'subject literals stand in libs/contracts only',
    broken: (file, text) =>
      !file.startsWith('libs/contracts/') &&
      !isTest(file) &&
      /['"`]msx\.(evt|cmd|svc|blueprint|dlq|spans|traffic)\./.test(withoutComments(text)),
    planted: ['services/planner/src/shell/say.ts', "publish('msx.evt.planner.default.shop.drafted')"],
  },
  {
    name: 'process.env is read in config.ts and by the programs of apps and examples',
    broken: (file, text) =>
      /^(services|libs)\//.test(file) &&
      !isTest(file) &&
      !/\/(config|main)\.ts$/.test(file) &&
      /process\.env/.test(withoutComments(text)),
    planted: ['services/planner/src/service.ts', 'const url = process.env.NATS_URL'],
  },
  {
    name: 'core knows no clock, randomness, process or promise',
    broken: (file, text) =>
      inCore(file) &&
      !isTest(file) &&
      /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.|setTimeout|await |async |Promise[.<])/.test(
        withoutComments(text),
      ),
    planted: ['services/planner/src/core/plan.ts', 'const at = Date.now();'],
  },
  {
    name: 'no export *, no default export outside configuration files',
    broken: (file, text) => !/\.config\.ts$/.test(file) && /^export (\*|default)/m.test(text),
    planted: ['libs/model/src/index.ts', "export * from './plan.ts';"],
  },
  {
    name: 'no file named index, common, utils, misc or helpers',
    broken: (file) => /\/(index|common|utils|misc|helpers)\.ts$/.test(file),
    planted: ['libs/model/src/utils.ts', ''],
  },
  {
    name: 'no test is skipped or focused by hand',
    broken: (file, text) =>
      isTest(file) && file !== 'test/tidy.test.ts' && /\b(test|it|describe)\.(only|todo)\b|\btest\.skip\(/.test(text),
    planted: ['libs/model/src/plan.test.ts', "test.only('x', () => {})"],
  },
];

const mayStandAtTheTop = new Set([
  '.ci',
  '.git',
  '.gitignore',
  '.github',
  '.nvmrc',
  '.dockerignore',
  '.msx',
  '.cache',
  'ARCHITECTURE.md',
  'LICENSE',
  'README.md',
  'apps',
  'biome.json',
  'deploy',
  'docs',
  'examples',
  'libs',
  'node_modules',
  'package-lock.json',
  'package.json',
  'services',
  'test',
  'tsconfig.json',
  'vitest.config.ts',
]);

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

const resolve = (file: string, target: string): string =>
  target.startsWith('.') ? posix.join(posix.dirname(file), target) : target;
const files = globSync('{services,libs,apps,test,examples}/**/*.{ts,tsx}', { exclude: ['**/node_modules/**'] }).sort();
const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
const specifier = /(?:^|;)\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
const imports = files.flatMap((file) =>
  [...withoutComments(texts.get(file) ?? '').matchAll(specifier)].map((hit) => [file, hit[1] ?? hit[2] ?? ''] as const),
);

test('tidy sees the whole tree', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(imports.length).toBeGreaterThan(300);
  for (const name of libNames)
    expect(
      files.some((file) => file.startsWith(`libs/${name}/src/`)),
      name,
    ).toBe(true);
  for (const name of serviceNames)
    expect(
      files.some((file) => file.startsWith(`services/${name}/src/core/`)),
      name,
    ).toBe(true);
});

for (const { name, broken, planted } of importRules) {
  test(`${name}: catches its planted violation`, () => {
    expect(broken(planted[0], resolve(...planted))).toBe(true);
  });
  test(name, () => {
    expect(imports.filter(([file, target]) => broken(file, resolve(file, target)))).toEqual([]);
  });
}

for (const { name, broken, planted } of textRules) {
  test(`${name}: catches its planted violation`, () => {
    expect(broken(...planted)).toBe(true);
  });
  test(name, () => {
    expect(files.filter((file) => broken(file, texts.get(file) ?? ''))).toEqual([]);
  });
}

test('every service has the same rooms', () => {
  for (const name of serviceNames) {
    const found = globSync(
      ['README.md', 'main.ts', 'src/service.ts', 'src/config.ts', 'src/events.ts'].map(
        (file) => `services/${name}/${file}`,
      ),
    );
    expect(found.length, `services/${name} has README.md, main.ts, src/service.ts, src/config.ts, src/events.ts`).toBe(
      5,
    );
    expect(
      (texts.get(`services/${name}/main.ts`) ?? '').split('\n').length,
      `services/${name}/main.ts is short`,
    ).toBeLessThanOrEqual(26);
  }
});

test('nothing stands at the top but the house', () => {
  const strangers = readdirSync('.').filter((entry) => !mayStandAtTheTop.has(entry));
  expect(strangers).toEqual([]);
  expect(mayStandAtTheTop.has('PLAN.md')).toBe(false);
});

test('the project speaks of itself alone', () => {
  const strange = /\/work\/(main|shared)|registry\.npmjs|pypi\.org|proxy\.golang|\bthis session\b|\bsub-?agent/i;
  expect(strange.test('see /work/shared/design.md')).toBe(true);
  const documents = globSync(['*.md', '{docs,services,libs,apps,examples,deploy,test}/**/*.{md,ts,yaml,sh}'], {
    exclude: ['**/node_modules/**'],
  });
  expect(documents.length).toBeGreaterThan(100);
  expect(documents.filter((file) => file !== 'test/tidy.test.ts' && strange.test(readFileSync(file, 'utf8')))).toEqual(
    [],
  );
});
