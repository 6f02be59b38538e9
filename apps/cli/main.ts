import { enableCompileCache } from 'node:module';

// Before anything else is loaded: stripping types anew costs every command a third of a second.
enableCompileCache();
const { endWithReaders } = await import('./src/broken-pipe.ts');
endWithReaders(process.stdout, process.stderr);
const { runProgram } = await import('./src/program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
