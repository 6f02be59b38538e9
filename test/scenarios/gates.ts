import type { Message } from '@microstax/bus/bus';

/** Protocol 33: a test holds up the messages of one service that it names, and lets them go when it likes. */
export type Hold = {
  /** Settles with the first message that is held up. */
  readonly reached: Promise<Message>;
  release(): void;
};

export type Gates = {
  /** What a service gets as `overrides.gate`. */
  gateOf(service: string): (message: Message) => Promise<void>;
  hold(service: string, wanted: (message: Message) => boolean): Hold;
  releaseAll(): void;
};

type Held = { readonly service: string; readonly wanted: (message: Message) => boolean } & Hold & {
    readonly open: Promise<void>;
    readonly arrive: (message: Message) => void;
  };

export function createGates(): Gates {
  const holds = new Set<Held>();
  return {
    gateOf: (service) => async (message) => {
      for (const held of [...holds]) {
        if (held.service !== service || !held.wanted(message)) continue;
        held.arrive(message);
        await held.open;
      }
    },
    hold(service, wanted) {
      const reached = Promise.withResolvers<Message>();
      const open = Promise.withResolvers<void>();
      const held: Held = {
        service,
        wanted,
        reached: reached.promise,
        arrive: reached.resolve,
        open: open.promise,
        release() {
          holds.delete(held);
          open.resolve();
        },
      };
      holds.add(held);
      return held;
    },
    releaseAll() {
      for (const held of [...holds]) held.release();
    },
  };
}

/** The fields of a message that say which activation it is about. */
export function aboutOf(message: Message): { readonly env: string; readonly generation: number } {
  return JSON.parse(Buffer.from(message.body).toString('utf8')) as { env: string; generation: number };
}
