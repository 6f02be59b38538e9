/** What bounds a Blueprint. Each name is the one that its finding states. */
export type Limits = {
  readonly maxBlueprintBytes: number;
  /** Lexical tokens of the text: words, punctuation, line ends. */
  readonly maxTokens: number;
  /** Maps and lists inside each other. */
  readonly maxDepth: number;
  /** Nodes once aliases are expanded. */
  readonly maxNodes: number;
  /** Aliases, counted each time one is expanded. */
  readonly maxAliases: number;
  readonly maxServices: number;
  /** Dependencies of all services together. */
  readonly maxEdges: number;
  /** Findings that one answer carries; the rest is counted. */
  readonly maxFindings: number;
};

export const defaultLimits: Limits = {
  maxBlueprintBytes: 8 * 1024 * 1024, // the payload limit of a bus of our own
  maxTokens: 3_000_000, // about 0.6 GB while it is parsed; 20,000 services take 2.8 million
  maxDepth: 32, // a Blueprint needs 6
  maxNodes: 1_000_000,
  maxAliases: 100,
  maxServices: 20_000,
  maxEdges: 200_000,
  maxFindings: 100, // keeps an answer far below the bus's 512 KiB for a body
};
