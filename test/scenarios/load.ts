import { askHttp } from './ask-http.ts';
import { type EchoAnswer, hopsOf } from './blueprints.ts';

export type Load = {
  /** How often each way through the services was taken so far, by context. */
  ways(): Readonly<Record<string, number>>;
  /** Lets each worker finish its request. */
  stop(): Promise<LoadResult>;
};

export type LoadResult = {
  readonly answered: number;
  /** What went wrong, each with its request: a status other than 200, a broken connection, a hop that failed. */
  readonly failed: readonly string[];
  readonly ways: Readonly<Record<string, number>>;
};

export type Worker = {
  /** Asks with this context, or with none. */
  readonly context?: string;
  /** Asks by POST, which nobody may send twice, and the last service on the way thinks so long about each. */
  readonly thinkMs?: number;
};

/** Workers that ask without a pause, one request each at a time. */
export function startLoad(url: string, workers: readonly Worker[]): Load {
  let running = true;
  let answered = 0;
  const failed: string[] = [];
  const ways: Record<string, number> = {};
  const work = async ({ context, thinkMs }: Worker): Promise<void> => {
    const members = [context && `msx-env=${context}`, thinkMs && `think=${thinkMs}`].filter(Boolean);
    const headers: Record<string, string> = members.length > 0 ? { baggage: members.join(',') } : {};
    const who = context ?? 'no context';
    while (running) {
      try {
        const { status, body } = await askHttp<EchoAnswer>(url, headers, thinkMs === undefined ? undefined : 'a body');
        if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body).slice(0, 400)}`);
        answered++;
        const way = `${who}: ${hopsOf(body)}`;
        ways[way] = (ways[way] ?? 0) + 1;
      } catch (error) {
        failed.push(`${who}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  const all = workers.map(work);
  return {
    ways: () => ({ ...ways }),
    async stop() {
      running = false;
      await Promise.all(all);
      return { answered, failed, ways };
    },
  };
}
