import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * What any NATS client in any language does, written by hand: CONNECT, one PUB without a header, PING. Settles when the
 * server has answered the PING, so the message is with it; rejects with what the server said otherwise.
 */
export async function publishByHand(url: string, subject: string, body: Uint8Array): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  let heard = '';
  const answered = new Promise<void>((resolve, reject) => {
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString('utf8');
      if (heard.includes('-ERR')) reject(new Error(`nats-server said ${JSON.stringify(heard.slice(-200))}`));
      else if (heard.includes('PONG\r\n')) resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('nats-server closed the connection')));
  });
  socket.write('CONNECT {"verbose":false,"pedantic":true,"lang":"by hand","version":"1","headers":false}\r\n');
  socket.write(`PUB ${subject} ${body.length}\r\n`);
  socket.write(body);
  socket.write('\r\nPING\r\n');
  try {
    await answered;
  } finally {
    socket.destroy();
  }
}
