import { basename, dirname, resolve } from 'node:path';
import {
  type ImportComposeRequest,
  type ImportFile,
  type ImportReply,
  type ImportReport,
  type ImportTarget,
  importCompose,
  importKubernetes,
} from '@microstax/contracts/import-requests';
import type { Finding } from '@microstax/model/finding';
import { parse } from 'yaml';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, orgOf, outputOf } from '../flags.ts';
import { checkImportSize, findImportFile, readImportFile } from '../import-files.ts';
import { drawReport } from '../import-report.ts';
import { findingLines } from '../outcome.ts';
import { ask, openSession, type Session } from '../session.ts';

type Imported = Extract<ImportReply, { kind: 'imported' }>;

const roundsMax = 16; // files that name files that name files

/** `msx import compose|kubernetes <files…>`: a Blueprint on stdout, what became of everything else on stderr. */
export async function importCommand(form: string, paths: readonly string[], flags: Flags): Promise<void> {
  if (form !== 'compose' && form !== 'kubernetes')
    throw usage(`Cannot import ${JSON.stringify(form)}: allowed are compose and kubernetes`);
  const reportFormat = reportFormatOf(flags);
  const format = outputOf(flags, 'yaml');
  const target = targetOf(paths[0] ?? '-', flags);
  const files = paths.map(readImportFile);
  await using session = await openSession(orgOf(flags));
  const imported = await importWith(session, form, { ...target, files }, flags);
  process.stderr.write(printReport(imported.report, reportFormat));
  for (const line of findingLines(imported.findings)) process.stderr.write(`${line}\n`);
  process.stdout.write(
    format === 'json'
      ? `${JSON.stringify(parse(imported.blueprint), null, 2)}\n`
      : format === 'name'
        ? `environment/${imported.report.name}\n`
        : imported.blueprint,
  );
}

type Named = ImportTarget & { readonly files: readonly ImportFile[] };

async function importWith(session: Session, form: string, named: Named, flags: Flags): Promise<Imported> {
  if (form === 'kubernetes') {
    checkImportSize(named);
    return accepted(await ask(session, importKubernetes, named));
  }
  const envFiles = [flags.envFile ?? []].flat().map((path) => readImportFile(String(path)));
  const profiles = [flags.profile ?? []].flat().map(String);
  return composeWith(session, { ...named, envFiles, profiles });
}

/** Files name others; intake says which, and they are read here. */
async function composeWith(session: Session, named: ImportComposeRequest): Promise<Imported> {
  let request: ImportComposeRequest = { ...named, others: [], absent: [] };
  for (let round = 0; round < roundsMax; round++) {
    checkImportSize(request);
    const reply = await ask(session, importCompose, request);
    if (reply.kind !== 'needs files') return accepted(reply);
    const found = reply.paths.map((path) => ({ path, file: findImportFile(path) }));
    request = {
      ...request,
      others: [...(request.others ?? []), ...found.flatMap(({ file }) => file ?? [])],
      absent: [...(request.absent ?? []), ...found.flatMap(({ path, file }) => (file === undefined ? [path] : []))],
    };
  }
  throw new CliError({
    code: 'too-many-files',
    message: `The files name others ${roundsMax} times over`,
    next: 'look for a file that includes itself',
    exitCode: exitCodes.invalidInput,
  });
}

/** What was imported. Throws `CliError` with every finding where nothing was. */
export function accepted(reply: ImportReply): Imported {
  if (reply.kind === 'imported') return reply;
  const findings = reply.kind === 'refused' ? reply.findings : [];
  const [errors, others] = [findings.filter(isError).length, findings.filter((one) => !isError(one)).length];
  throw new CliError({
    code: findings.find(isError)?.code ?? 'refused',
    message: `Nothing was imported; ${counted(errors, 'finding')}${others > 0 ? ` and ${counted(others, 'warning')}` : ''}:\n  ${findingLines(findings).join('\n  ')}`,
    exitCode: exitCodes.invalidInput,
    details: findings,
  });
}

function isError({ severity }: Finding): boolean {
  return severity === 'error';
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** A project is called like its folder where nothing else names it, as Compose has it. */
function targetOf(first: string, flags: Flags): ImportTarget {
  const mode = flags.mode ?? 'baseline';
  if (mode !== 'baseline' && mode !== 'overlay')
    throw usage(`Cannot import as ${JSON.stringify(mode)}: allowed are baseline and overlay`);
  if ((mode === 'overlay') !== (typeof flags.baseline === 'string'))
    throw usage(
      'Cannot import an overlay without a parent, or a baseline with one: --mode overlay and --baseline <name> go together',
    );
  return {
    mode,
    ...(typeof flags.name === 'string' ? { name: flags.name } : {}),
    ...(typeof flags.baseline === 'string' ? { baseline: flags.baseline } : {}),
    ...(first === '-' ? {} : { fallbackName: basename(dirname(resolve(first))) }),
  };
}

const reportFormats = ['table', 'json', 'none'] as const;

function reportFormatOf(flags: Flags): (typeof reportFormats)[number] {
  const asked = flags.report ?? 'table';
  const format = reportFormats.find((one) => one === asked);
  if (format === undefined)
    throw usage(`Cannot report as ${JSON.stringify(asked)}: allowed are ${reportFormats.join(', ')}`);
  return format;
}

function printReport(report: ImportReport, format: (typeof reportFormats)[number]): string {
  if (format === 'none') return '';
  return format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : `${drawReport(report)}\n`;
}

function usage(message: string): CliError {
  return new CliError({ code: 'usage', message, next: 'msx import --help', exitCode: exitCodes.usage });
}
