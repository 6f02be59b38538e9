import { runService } from '@microstax/service/run';
import { readGraphConfig } from './src/config.ts';
import { startGraph } from './src/service.ts';

await runService('graph', () => startGraph(readGraphConfig(process.env)));
