import { z } from 'zod';

/** Verbs that the graph hears under `msx.cmd.graph.<org>.<env>.<verb>` (design 3). */
export const commandVerbs = ['stop', 'resume', 'sleep', 'wake', 'retry', 'delete'] as const;
export type CommandVerb = (typeof commandVerbs)[number];

/** An empty body means no option. */
export const commandSchema = z.strictObject({
  /** stop, sleep, delete: children that hold this environment go too (protocol 18). */
  cascade: z.boolean().default(false),
});
export type Command = z.infer<typeof commandSchema>;
