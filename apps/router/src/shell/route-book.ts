import { type Asked, type Routed, route } from '../core/route.ts';
import type { TableStore } from './table-store.ts';

const keptMax = 4_096; // anybody may send a context that nobody knows

/** Where requests go, kept until any table changes: the same is asked again and again. */
export class RouteBook {
  readonly #tables: TableStore;
  readonly #known = new Map<string, Routed>();
  #version = -1;

  constructor(tables: TableStore) {
    this.#tables = tables;
  }

  /** As `route` decides by the tables of this moment. */
  route(asked: Asked): Routed {
    const { env, service, port, context = '', malformed } = asked;
    if (this.#version !== this.#tables.version || this.#known.size >= keptMax) this.#forget();
    const key = `${env}\n${service}\n${port}\n${context}\n${malformed ? 'malformed' : ''}`;
    let routed = this.#known.get(key);
    if (routed === undefined) {
      routed = route(asked, this.#tables);
      this.#known.set(key, routed);
    }
    return routed;
  }

  #forget(): void {
    this.#known.clear();
    this.#version = this.#tables.version;
  }
}
