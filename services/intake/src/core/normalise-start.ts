import type { InitSpec, MockSpec } from '@microstax/model/service-spec';
import type { WrittenService } from './blueprint-schema.ts';
import type { WrittenInit } from './data-schema.ts';
import { completeImage } from './image-reference.ts';
import type { Path } from './located.ts';
import type { Problem } from './problem.ts';
import { quote } from './quote.ts';
import { sortedRecord } from './sorted-record.ts';

type Normalised<T> = { readonly value: T; readonly problems: readonly Problem[] };

/** An image reference made complete, with the problem where it is none. */
export function normaliseImage(written: string | undefined, path: Path): Normalised<string | undefined> {
  if (written === undefined) return { value: undefined, problems: [] };
  const image = completeImage(written);
  if (image !== undefined) return { value: image, problems: [] };
  const reason = `found ${quote(written)}, expected an image such as acme/api:1.4, registry.example:5000/acme/api:1.4 or acme/api@sha256:…`;
  return { value: written, problems: [{ code: 'bad-image', path, reason }] };
}

/** That a service is one thing: a local process or an image, and that what speaks of the image has one. */
export function checkStart(written: WrittenService, path: Path): Problem[] {
  if (written.run !== undefined && written.image !== undefined)
    return [
      {
        code: 'image-and-run',
        path: [...path, 'image'],
        mark: 'key',
        reason: `${quote(written.name)} is an image and a local process at once`,
        next: 'keep run or image',
      },
    ];
  if (written.image !== undefined) return [];
  return (['command', 'workingDir', 'user', 'security'] as const).flatMap((field): Problem[] =>
    written[field] === undefined
      ? []
      : [
          {
            code: 'needs-image',
            path: [...path, field],
            mark: 'key',
            reason: `${quote(field)} says how an image is started, and ${quote(written.name)} has none`,
            next: insteadOf[field],
          },
        ],
  );
}

const insteadOf = {
  command: 'write it under run',
  workingDir: 'write it under run, as cwd',
  user: 'leave it out: a local process runs as who started the runtime',
  security: 'leave it out: a local process may do what its user may',
} as const;

/** What answers in place of the service or beside it. */
export function normaliseMocks({ mocks }: WrittenService, path: Path): Normalised<MockSpec | undefined> {
  if (mocks === undefined) return { value: undefined, problems: [] };
  const { mode, run, args, env } = mocks;
  const at = [...path, 'mocks'];
  const image = normaliseImage(mocks.image, [...at, 'image']);
  const problems: Problem[] = [...image.problems];
  if ((run === undefined) === (mocks.image === undefined))
    problems.push({
      code: 'one-start',
      path: at,
      reason:
        run === undefined ? 'the mock has neither image nor run' : 'the mock is an image and a local process at once',
      next: 'write exactly one of "image" and "run"',
    });
  const value = {
    mode,
    ...(image.value === undefined ? {} : { image: image.value }),
    ...(run === undefined ? {} : { run }),
    args,
    env: sortedRecord(env),
  };
  return { value, problems };
}

/** Steps before the start, each with a name and a type; undefined where there are none. */
export function normaliseInit({ init }: WrittenService, path: Path): Normalised<readonly InitSpec[] | undefined> {
  const problems: Problem[] = [];
  const names = new Set<string>();
  const steps = init.map((step, index): InitSpec => {
    const at = [...path, 'init', index];
    const { type = step.command === undefined ? 'sql' : 'command', script, command } = step;
    const name = step.name ?? `init-${index + 1}`;
    const image = normaliseImage(step.image, [...at, 'image']);
    problems.push(...image.problems, ...checkStep({ ...step, type }, at));
    if (names.has(name))
      problems.push({
        code: 'duplicate-init',
        path: [...at, 'name'],
        reason: `another step is called ${quote(name)}`,
        next: 'give each step a name of its own',
      });
    names.add(name);
    return {
      name,
      type,
      ...(script === undefined ? {} : { script }),
      ...(command === undefined ? {} : { command }),
      ...(image.value === undefined ? {} : { image: image.value }),
    };
  });
  return { value: steps.length === 0 ? undefined : steps, problems };
}

function checkStep({ type, script, command }: WrittenInit, path: Path): Problem[] {
  if (type === 'sql' && command !== undefined)
    return [
      {
        code: 'one-step',
        path: [...path, 'command'],
        mark: 'key',
        reason: 'a step of type "sql" is a script, no command',
        next: 'write it as script, or make the type "command"',
      },
    ];
  if ((script === undefined) !== (command === undefined)) return [];
  const reason = script === undefined ? 'the step does nothing' : 'the step has a script and a command';
  return [{ code: 'one-step', path, reason, next: 'write exactly one of "script" and "command"' }];
}
