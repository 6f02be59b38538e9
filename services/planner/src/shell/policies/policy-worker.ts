import { parentPort } from 'node:worker_threads';
import { type Asked, evaluate } from './evaluate.ts';

parentPort?.on('message', ({ id, asked }: { readonly id: number; readonly asked: Asked }) => {
  parentPort?.postMessage({ id, answer: evaluate(asked) });
});
