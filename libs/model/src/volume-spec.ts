export type VolumeType = 'pvc' | 'empty' | 'bind' | 'config' | 'secret';

/** Where files come from that an instance finds under `mountPath`. */
export type VolumeSpec = {
  readonly name: string;
  readonly mountPath: string;
  readonly type: VolumeType;
  readonly readOnly: boolean;
  readonly subPath?: string;
  /** pvc only. */
  readonly sizeBytes?: number;
  /** bind: a path; config and secret: the name of one that exists where the service runs. */
  readonly source?: string;
  /** config only: names and contents, in place of a source. */
  readonly files?: Readonly<Record<string, string>>;
};
