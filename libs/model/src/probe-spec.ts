/** What a probe looks at. A port is the name of a declared one, or a number where none is declared under it. */
export type ProbeCheck =
  | {
      readonly kind: 'http';
      readonly port: string | number;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'tcp'; readonly port: string | number }
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  | { readonly kind: 'grpc'; readonly port: string | number; readonly service?: string };

export type ProbeSpec = {
  readonly check: ProbeCheck;
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  /** In a row, before the probe counts as failed. */
  readonly failures: number;
  /** In a row, before it counts as passed again. */
  readonly successes: number;
};

export const probeNames = ['startup', 'readiness', 'liveness'] as const;
export type ProbeName = (typeof probeNames)[number];
export type ProbesSpec = { readonly [name in ProbeName]?: ProbeSpec };
