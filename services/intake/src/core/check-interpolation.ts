import type { PortSpec } from '@microstax/model/service-spec';
import type { WrittenService } from './blueprint-schema.ts';
import { type InterpolationWord, interpolationWords } from './interpolation.ts';
import type { Path } from './located.ts';
import type { Problem } from './problem.ts';
import { quote, quoteList } from './quote.ts';
import type { Surroundings } from './surroundings.ts';

type Scene = {
  readonly written: WrittenService;
  readonly ports: readonly PortSpec[];
  /** The services that dependsOn names. */
  readonly listed: ReadonlySet<string>;
  readonly surroundings: Surroundings;
};

/** Unknown names in `${…}` of command, args and env (protocol 27). A host outside dependsOn is a warning, no dependency. */
export function checkInterpolation(path: Path, about: Omit<Scene, 'listed'>): Problem[] {
  const { run, command, args, env, mocks, dependsOn } = about.written;
  const scene = { ...about, listed: new Set(dependsOn.map(({ service }) => service)) };
  const texts: readonly (readonly [Path, string])[] = [
    ...(run?.command ?? []).map((text, index) => [[...path, 'run', 'command', index], text] as const),
    ...(command ?? []).map((text, index) => [[...path, 'command', index], text] as const),
    ...(mocks?.run?.command ?? []).map((text, index) => [[...path, 'mocks', 'run', 'command', index], text] as const),
    ...(mocks?.args ?? []).map((text, index) => [[...path, 'mocks', 'args', index], text] as const),
    ...Object.entries(mocks?.env ?? {}).map(([key, text]) => [[...path, 'mocks', 'env', key], text] as const),
    ...args.map((text, index) => [[...path, 'args', index], text] as const),
    ...Object.entries(env).map(([key, text]) => [[...path, 'env', key], text] as const),
  ];
  return texts.flatMap(([at, text]) => (text.includes('${') ? checkText(text, at, scene) : []));
}

function checkText(text: string, path: Path, scene: Scene): Problem[] {
  const problems = new Map<string, Problem>();
  // `http://${host.cart}:${port.cart.http}` names one service twice: one problem with it is said once.
  for (const word of interpolationWords(text))
    for (const problem of checkWord(word, path, scene)) {
      const key = `${problem.code} ${'service' in word ? word.service : problem.reason}`;
      if (!problems.has(key)) problems.set(key, problem);
    }
  return [...problems.values()];
}

const ourWords = `\${port.<own port>}, \${host.<service>} and \${port.<service>.<port>}`;

function checkWord(word: InterpolationWord, path: Path, scene: Scene): Problem[] {
  switch (word.kind) {
    case 'unknown':
      return [
        problem(
          path,
          `${word.text === undefined ? 'a word' : quote(word.text)} in \${…} is not known`,
          `allowed are ${ourWords}`,
        ),
      ];
    case 'foreign':
      return [
        {
          severity: 'warning',
          code: 'not-filled',
          path,
          reason: `${word.text === undefined ? 'a word' : quote(word.text)} in \${…} is passed on as it is: no shell reads it`,
          next: `what is filled in are ${ourWords}`,
        },
      ];
    case 'own port':
      return hasPort(scene.ports, word.port) ? [] : [noPort(path, word.text, 'this service', scene.ports)];
    case 'host':
      return checkService(word, path, scene);
    case 'port':
      return checkServicePort(word, path, scene);
  }
}

function checkService(
  { service, text }: { readonly service: string; readonly text: string },
  path: Path,
  { written, listed, surroundings }: Scene,
): Problem[] {
  const { kind } = surroundings.meaningOf(service);
  if (kind === 'nothing' || kind === 'removed') {
    const near = surroundings.suggest(service);
    const reason = kind === 'removed' ? 'which this Blueprint removes' : 'which no one declares';
    return [
      problem(
        path,
        `${quote(text)} names service ${quote(service)}, ${reason}`,
        near === undefined ? undefined : `did you mean ${quote(near)}?`,
      ),
    ];
  }
  if (service === written.name || listed.has(service)) return [];
  return [
    {
      severity: 'warning',
      code: 'undeclared-dependency',
      path,
      reason: `${quote(text)} names ${quote(service)}, which dependsOn does not list, so this is no dependency: it may have no address here, and neither order nor context follows it`,
      next: `add ${quote(service)} to dependsOn`,
    },
  ];
}

function checkServicePort(word: Extract<InterpolationWord, { kind: 'port' }>, path: Path, scene: Scene): Problem[] {
  const meaning = scene.surroundings.meaningOf(word.service);
  const ports = 'ports' in meaning ? meaning.ports : undefined;
  const service = checkService(word, path, scene);
  if (ports === undefined || hasPort(ports, word.port)) return service;
  return [...service, noPort(path, word.text, quote(word.service), ports)];
}

function noPort(path: Path, text: string, whose: string, ports: readonly PortSpec[]): Problem {
  const names = ports.map(({ name }) => name);
  return problem(
    path,
    `${quote(text)} names a port that ${whose} does not have`,
    names.length === 0 ? 'declare it under ports' : `its ports are ${quoteList(names)}`,
  );
}

function hasPort(ports: readonly PortSpec[], name: string): boolean {
  return ports.some((port) => port.name === name);
}

function problem(path: Path, reason: string, next?: string): Problem {
  return { code: 'unknown-name', path, reason, ...(next === undefined ? {} : { next }) };
}
