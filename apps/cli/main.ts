import { runProgram } from './src/program.ts';

process.exitCode = await runProgram(process.argv.slice(2));
