import { type Closure, closureParts } from '@microstax/model/closure';
import { type ArtifactKind, artifactKinds, type Digest, digestOfBytes } from '@microstax/model/digest';
import { parse } from 'yaml';
import { readBytes } from './blueprint-file.ts';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import { firstLine } from './output.ts';

export type Sealed = { readonly kind: ArtifactKind; readonly digest: Digest; readonly bytes: string };

/** A closure as `msx closure -o json` or `-o yaml` prints it, with everything that it names. */
export type ClosureFile = { readonly env: string; readonly digest: Digest; readonly artifacts: readonly Sealed[] };

/** Reads a closure that was printed elsewhere; no part is taken whose bytes do not have its digest, and none may lack. */
export function readClosureFile(file: string): ClosureFile {
  const written = readWritten(file);
  const own = sealedIn(file, { ...written.closure, kind: 'closure' });
  const artifacts = [own, ...(written.artifacts ?? []).map((part) => sealedIn(file, part))];
  const closure = JSON.parse(own.bytes) as Closure;
  const there = new Set(artifacts.map(({ digest }) => digest));
  const lacking = closureParts(closure).find(({ digest }) => !there.has(digest));
  if (lacking !== undefined) throw refusal(file, `the ${lacking.kind} ${lacking.digest} is not in it`);
  return { env: closure.env, digest: own.digest, artifacts };
}

type Part = { readonly kind?: unknown; readonly digest?: unknown; readonly bytes?: unknown };
type Written = { readonly closure?: Part; readonly artifacts?: readonly Part[] };

function readWritten(file: string): Written {
  const text = readBytes(file).toString('utf8');
  try {
    const written = parse(text) as Written | null;
    if (Array.isArray(written?.artifacts) && typeof written.closure === 'object') return written;
  } catch (cause) {
    throw refusal(file, firstLine(cause instanceof Error ? cause.message : String(cause)));
  }
  throw refusal(file, 'it is not what msx closure -o json prints');
}

function sealedIn(file: string, { kind, digest, bytes }: Part): Sealed {
  const known = artifactKinds.find((one) => one === kind);
  if (known === undefined || typeof bytes !== 'string')
    throw refusal(file, `an artifact in it has no kind or no bytes`);
  const found = digestOfBytes(known, bytes);
  if (found !== digest) throw refusal(file, `a ${known} in it has the digest ${found}, and says ${String(digest)}`);
  return { kind: known, digest: found, bytes };
}

function refusal(file: string, why: string): CliError {
  return new CliError({
    code: 'no-closure',
    message: `Cannot take the closure in ${JSON.stringify(file)}: ${why}`,
    next: 'write one with: msx closure <env> -o json',
    exitCode: exitCodes.invalidInput,
  });
}
