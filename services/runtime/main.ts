import { runService } from '@microstax/service/run';
import { readRuntimeConfig } from './src/config.ts';
import { startRuntime } from './src/service.ts';

await runService('runtime', () => startRuntime(readRuntimeConfig(process.env)));
