import { plannedFrom } from '@microstax/contracts/plan-requests';
import {
  keepPrediction,
  type PredictionItem,
  type PredictReply,
  type PredictRequest,
  pastChanges,
  predict,
  predictionsOf,
} from '@microstax/contracts/predict-requests';
import type { Composition } from '@microstax/model/composition';
import { isToken } from '@microstax/model/names';
import { type HitRate, predictedFromPercent } from '@microstax/model/prediction';
import { CliError } from '../cli-error.ts';
import { artifactOf, readDetail } from '../detail.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Flags, generationOf, orgOf, outputOf } from '../flags.ts';
import { findingLines } from '../outcome.ts';
import { clean, printListing, printObject, strong, table } from '../output.ts';
import { readStdin } from '../read-stdin.ts';
import { ask, openSession, type Session } from '../session.ts';
import { previewFile } from './preview-file.ts';

/** Which services changed files or images are likely to change, and what would be planned; kept until that is known. */
export async function predictCommand(env: string | undefined, flags: Flags): Promise<void> {
  if (flags.stats === true) return predictionStats(env, flags);
  const { overlay = null } = flags as { readonly overlay?: string };
  if ((env === undefined) === (flags.file === undefined))
    throw usage('Cannot predict: expected an environment, or one file');
  if (overlay !== null && !isToken(overlay))
    throw usage(`Cannot predict the overlay ${JSON.stringify(overlay)}: allowed are up to 40 of a-z, 0-9 and -`);
  const changed = wordsOf(flags.changed);
  if (flags.file !== undefined) {
    await previewFile(flags, async ({ env: previewed, artifacts }, session) => {
      await predictFrom(session, { env: previewed, artifacts, changed, overlay, isKept: false }, flags);
    });
    return;
  }
  await using session = await openSession(orgOf(flags));
  const detail = await readDetail(session, env as string, generationOf(flags));
  const artifacts = Object.fromEntries(plannedFrom.map((kind) => [kind, JSON.stringify(artifactOf(detail, kind))]));
  // Of a root alone nothing can be confirmed: everything runs in it.
  const isOverlay = artifactOf<Composition>(detail, 'composition').mode === 'overlay';
  const isKept = flags.keep !== false && (overlay !== null || isOverlay);
  await predictFrom(session, { env: env as string, artifacts, changed, overlay, isKept }, flags);
}

type Asked = Omit<PredictRequest, 'history'> & { readonly env: string; readonly isKept: boolean };

async function predictFrom(session: Session, asked: Asked, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  const { env, artifacts, changed, isKept } = asked;
  const { changes: history } = await ask(session, pastChanges, { env });
  // A root itself is not what changes: its overlays are, one of which is planned where none is named.
  const overlay = asked.overlay ?? (isRoot(artifacts) ? `${env}-predicted`.slice(-40) : null);
  const reply = await ask(session, predict, { artifacts, changed, history, overlay });
  const about = asked.overlay ?? env;
  const local = localIn(reply);
  const likely = reply.services.filter(({ percent }) => percent >= predictedFromPercent);
  const kept = isKept
    ? (
        await ask(session, keepPrediction, {
          env: about,
          changed,
          services: likely.map(({ service, percent }) => ({ service, percent })),
          local,
        })
      ).n
    : null;
  const whole = { env: about, changed: changed.length, ...reply, local, kept };
  process.stdout.write(
    printObject(
      format,
      whole,
      () => drawPrediction(whole),
      likely.map(({ service }) => `service/${about}/${service}`).join('\n'),
    ),
  );
  if (kept !== null)
    process.stderr.write(
      `kept as prediction ${kept} of ${about}: its next plan confirms or discards it (msx predict --stats)\n`,
    );
}

function isRoot(artifacts: PredictRequest['artifacts']): boolean {
  return (JSON.parse(artifacts.composition ?? '{}') as Partial<Composition>).mode !== 'overlay';
}

function localIn({ plan }: PredictReply): string[] {
  return (plan?.placements ?? []).filter(({ kind }) => kind === 'local').map(({ service }) => service);
}

type Shown = PredictReply & { readonly env: string; readonly changed: number; readonly local: readonly string[] };

function drawPrediction({ env, changed, services, unmatched, plan, findings, local }: Shown): string {
  const rows = services.map(({ service, percent, signals }) => [
    service,
    `${percent} %`,
    signals.map(({ text }) => text).join('; '),
  ]);
  const likely = rows.length === 0 ? 'nothing speaks for any service\n' : table(['SERVICE', 'LIKELY', 'WHY'], rows);
  const lines = [`${strong(env)}  predicted from ${changed} changed ${changed === 1 ? 'name' : 'names'}\n`, likely];
  if (unmatched.length > 0) lines.push(clean(`  no hint in: ${unmatched.join(' ')}`), '\n');
  if (plan === null) lines.push(`\nThe plan would be refused:\n  ${findingLines(findings).join('\n  ')}\n`);
  else {
    const here = plan.placements.filter(({ kind }) => kind === 'local');
    lines.push(`\n${strong('Provisional plan')}  ${local.length} of ${plan.placements.length} services here\n`);
    if (here.length > 0)
      lines.push(
        table(
          ['SERVICE', 'WHY'],
          here.map(({ service, reasons }) => [service, whyHere(reasons[0])]),
        ),
      );
  }
  return lines.join('');
}

function whyHere(reason: { readonly text: string; readonly because?: readonly string[] } | undefined): string {
  return reason?.because?.includes('/predicted') ? 'predicted to change' : (reason?.text ?? '-');
}

async function predictionStats(env: string | undefined, flags: Flags): Promise<void> {
  const format = outputOf(flags);
  await using session = await openSession(orgOf(flags));
  const { items, rate } = await ask(session, predictionsOf, { env });
  if (format === 'json' || format === 'yaml') {
    process.stdout.write(printObject(format, { items, rate }, () => '', ''));
    return;
  }
  process.stdout.write(
    printListing(format, {
      items,
      name: ({ env: about, n }) => `prediction/${about}/${n}`,
      columns: [
        { head: 'ENVIRONMENT', of: (item) => item.env },
        { head: 'N', of: ({ n }) => n },
        { head: 'PREDICTED HERE', of: ({ local }) => local.join(' ') },
        { head: 'OUTCOME', of: outcomeText },
        { head: 'HITS', of: ({ outcome }) => outcome?.hits },
        { head: 'WRONG', of: ({ outcome }) => outcome?.wrong },
        { head: 'MISSED', of: ({ outcome }) => outcome?.missed },
        { head: 'CHANGED', of: ({ changed }) => changed.join(' '), wide: true },
      ],
    }),
  );
  if (format !== 'name') process.stdout.write(`${rateText(rate)}\n`);
}

function outcomeText({ outcome }: PredictionItem): string {
  return outcome === null ? 'waits for a plan' : `${outcome.verdict} by generation ${outcome.generation}`;
}

/** `3 of 4 predictions confirmed; 80 % of what was predicted ran here, 90 % of what ran here was predicted`. */
export function rateText({ predictions, confirmed, precisionPercent, recallPercent }: HitRate): string {
  if (predictions === 0) return 'no prediction was compared with a plan yet';
  const part = (percent: number | null): string => (percent === null ? '-' : `${percent} %`);
  return `${confirmed} of ${predictions} prediction${predictions === 1 ? '' : 's'} confirmed; ${part(precisionPercent)} of what was predicted ran here, ${part(recallPercent)} of what ran here was predicted`;
}

/** `-` reads lines from standard input, as `git diff --name-only` writes them. */
function wordsOf(given: unknown): readonly string[] {
  const words = [given ?? []].flat().map(String);
  const lines = words.includes('-') ? readStdin().toString('utf8').split('\n') : [];
  const all = [...words.filter((word) => word !== '-'), ...lines]
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (all.length === 0) throw usage('Cannot predict from nothing: --changed names files or images');
  return [...new Set(all)];
}

function usage(message: string): CliError {
  const next = 'git diff --name-only main | msx predict shop --overlay feat-cart --changed -';
  return new CliError({ code: 'usage', message, next, exitCode: exitCodes.usage });
}
