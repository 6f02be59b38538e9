// `import '@microstax/propagate/register'` as a program's first line, or `node --import @microstax/propagate/register`.
import { contextOptions } from './config.ts';
import { instrument } from './instrument.ts';

instrument(contextOptions());
