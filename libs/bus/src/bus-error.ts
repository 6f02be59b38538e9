export const busErrorCodes = [
  'no-stream',
  'no-responder',
  'timeout',
  'refused',
  'conflict',
  'unsupported-server',
  'topology-differs',
  'payload-too-large',
  /** The other side of a request broke, or something is lost for good: a defect, not a decision. */
  'failed',
  'closed',
  'unavailable',
] as const;
export type BusErrorCode = (typeof busErrorCodes)[number];

/** The one error of the bus; `code` is a closed set and `again` says whether trying again can help. */
export class BusError extends Error {
  readonly code: BusErrorCode;
  readonly again: boolean;

  constructor(
    code: BusErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly again?: boolean } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'BusError';
    this.code = code;
    this.again = options.again ?? (code === 'timeout' || code === 'no-responder' || code === 'unavailable');
  }
}

/** Thrown by a handler whose dependency is away: no failure of the message (protocol 32). */
export class Unavailable extends Error {
  constructor(what: string, options: { readonly cause?: unknown } = {}) {
    super(`${what} is unavailable`, options);
    this.name = 'Unavailable';
  }
}
