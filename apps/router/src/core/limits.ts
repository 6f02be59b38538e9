/** Every bound of the router, by its name; a body has none. */
export type RouterLimits = {
  /** How long a listener that nobody names any more, and a connection to a target that moved, go on. */
  readonly lingerMs: number;
  /** How long a target may take to accept a connection. */
  readonly connectMsMax: number;
  /** How long a target may take to begin its answer; 0 is without end. */
  readonly requestMsMax: number;
  /** How long a client's connection without a request, and one to a target without a stream, are kept. */
  readonly idleMsMax: number;
  /** How long a client may take to send the head of a request. */
  readonly headMsMax: number;
  /** Bytes of a request's or an answer's head. */
  readonly headBytesMax: number;
  /** Requests at a time on one HTTP/2 connection of a client; more wait there. */
  readonly streamsMax: number;
  /** How long a request is held while the environment that it is for is woken. */
  readonly wakeHoldMs: number;
  /** Requests that may be held so at once. */
  readonly wakeHeldMax: number;
};

export const defaultLimits: RouterLimits = {
  lingerMs: 10_000, // drainMs of protocol 25
  connectMsMax: 5_000,
  requestMsMax: 0, // nobody but the caller knows how long its answer may take
  idleMsMax: 75_000, // clients let go of theirs within a minute, and should be the first to do so
  headMsMax: 60_000,
  headBytesMax: 32_768, // a full baggage header is 8 KiB, and cookies come on top
  streamsMax: 250,
  wakeHoldMs: 60_000,
  wakeHeldMax: 1_000, // each is a socket and nothing more
};
