import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

type Service = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
};
type Blueprint = { readonly name: string; readonly routing: object; readonly services: readonly Service[] };

const folder = import.meta.dirname;
const read = (...path: readonly string[]) => parse(readFileSync(join(folder, ...path), 'utf8')) as Blueprint;

test.each(['baseline.yaml', 'overlay-payments.yaml'])('%s says the same shop as the one of local processes', (file) => {
  const [pods, processes] = [read(file), read('..', file)];
  expect({ name: pods.name, routing: pods.routing }).toEqual({ name: processes.name, routing: processes.routing });
  expect(pods.services.map(meaning)).toEqual(processes.services.map(meaning));
  for (const { name, command } of pods.services)
    expect(command).toEqual(['node', `/app/examples/storefront/${name}/server.ts`]);
});

/** But for how it is started, how much it asks for, and where its data are. */
function meaning({
  image: _,
  command: __,
  run: ___,
  probes: ____,
  resources: _____,
  volumes: ______,
  ...service
}: Service) {
  const { HOST: _host, MSX_DATA_DIR: _dir, ...env } = service.env ?? {};
  const { stateful: _stateful, ...rest } = service;
  return { ...rest, env };
}
