import type { Bus } from '@microstax/bus/bus';
import { Unavailable } from '@microstax/bus/bus-error';
import { incarnationOf } from '@microstax/contracts/graph-requests';
import { defaultOrg } from '@microstax/model/names';
import { askGraph } from './ask-graph.ts';

/**
 * The incarnation that submissions are ordered by. At start and after every reconnect it is what the bus says only
 * once the graph says the same (protocol 29): a bus that forgot could still show the one before.
 */
export class BusIncarnation {
  readonly #bus: Bus;
  #connection = 0;
  #confirmed = -1;

  constructor(bus: Bus) {
    this.#bus = bus;
    bus.onReconnect(() => {
      this.#connection += 1;
    });
  }

  /** Rejects with `Unavailable` while the graph is away or opens another. */
  async current(): Promise<number> {
    const connection = this.#connection;
    const seen = await this.#bus.incarnation();
    if (this.#confirmed === connection) return seen;
    const { incarnation } = await askGraph(this.#bus, incarnationOf, defaultOrg, {});
    if (incarnation !== seen) throw new Unavailable(`incarnation ${incarnation} of the bus`);
    this.#confirmed = connection;
    return seen;
  }
}
