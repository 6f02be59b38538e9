import { connect } from 'node:net';

const connectMs = 1_000;

/** Whether somebody accepts a connection on this port of loopback within this time. */
export function acceptsConnection(port: number, timeoutMs: number = connectMs): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
