import { Worker } from 'node:worker_threads';
import type { Sanitising } from '@microstax/model/revision';
import type { Column } from '../../../core/data/classify-columns.ts';

/** What is done with a database of a user's; SQLite blocks its thread, which is therefore one of its own. */
export type SqliteTask =
  | { readonly kind: 'backup'; readonly file: string; readonly target: string }
  | { readonly kind: 'columns'; readonly file: string }
  /** Of a copy that nobody has open; what was there before is in no free page afterwards. */
  | {
      readonly kind: 'sanitise';
      readonly file: string;
      readonly columns: readonly Column[];
      readonly ways: readonly Sanitising[];
      readonly secret: string;
    }
  /** Once under a key. */
  | { readonly kind: 'seed'; readonly file: string; readonly sql: string; readonly key: string };

export type SqliteAnswer = { readonly columns: readonly Column[]; readonly already: boolean };

/** Settles with what the task found; rejects with the database's own sentence. */
export function sqliteTask(task: SqliteTask): Promise<SqliteAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      workerData: task,
      env: {},
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    worker.once('message', (answer: SqliteAnswer | { readonly error: string }) =>
      'error' in answer ? reject(new SqliteRefusal(answer.error)) : resolve(answer),
    );
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread of SQLite ended with exit code ${code}`)));
  });
}

export class SqliteRefusal extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'SqliteRefusal';
  }
}
