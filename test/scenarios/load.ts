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

/** Workers that ask without a pause, one request each at a time; every other one with the context. */
export function startLoad(url: string, { workers, context }: { workers: number; context: string }): Load {
  let running = true;
  let answered = 0;
  const failed: string[] = [];
  const ways: Record<string, number> = {};
  const work = async (given: string | undefined): Promise<void> => {
    while (running) {
      try {
        const { status, body } = await askHttp<EchoAnswer>(url, given);
        if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body).slice(0, 400)}`);
        answered++;
        const way = `${given ?? 'no context'}: ${hopsOf(body)}`;
        ways[way] = (ways[way] ?? 0) + 1;
      } catch (error) {
        failed.push(`${given ?? 'no context'}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  const all = Array.from({ length: workers }, (_, n) => work(n % 2 === 0 ? undefined : context));
  return {
    ways: () => ({ ...ways }),
    async stop() {
      running = false;
      await Promise.all(all);
      return { answered, failed, ways };
    },
  };
}
