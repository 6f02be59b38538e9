import { runService } from '@microstax/service/run';
import { readPlannerConfig } from './src/config.ts';
import { startPlanner } from './src/service.ts';

await runService('planner', () => startPlanner(readPlannerConfig(process.env)));
