import type { Finding } from '@microstax/model/finding';
import { inOrder } from '../problem.ts';
import type { Sources } from './sources.ts';

export type Complaint = {
  readonly severity?: 'error' | 'warning';
  readonly code: string;
  /** `services.web.ports`, or what of it is known. */
  readonly path: string;
  readonly at: number;
  readonly reason: string;
  readonly next?: string;
};

const findingsMax = 100; // as an answer to a Blueprint carries

/** What is wrong with the files, collected; none stops the others. */
export class Complaints {
  readonly #all: Complaint[] = [];

  add(complaint: Complaint): void {
    this.#all.push(complaint);
  }

  blocks(): boolean {
    return this.#all.some(({ severity }) => severity !== 'warning');
  }

  /** In the order of the files, at most as many as an answer carries. */
  findings(sources: Sources): Finding[] {
    const inText = [...this.#all].sort((a, b) => a.at - b.at);
    const findings = inText.map(
      ({ severity = 'error', code, path, at, reason, next }): Finding => ({
        severity,
        code,
        subject: path,
        reason,
        ...(next === undefined ? {} : { next }),
        position: sources.positionAt(at),
      }),
    );
    return findings.length <= findingsMax ? findings : inOrder(findings, findingsMax);
  }
}
