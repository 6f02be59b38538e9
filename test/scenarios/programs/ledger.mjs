// A service for scenarios that keeps data: rows in a database of SQLite and lines in a file of MSX_DATA_DIR.
// GET answers both, POST adds its body to both. PORT; UPSTREAM is a URL that a POST goes to as well.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const { PORT = '0', MSX_DATA_DIR = '.', UPSTREAM = '', MSX_ENV = '' } = process.env;
const notes = join(MSX_DATA_DIR, 'notes.txt');
const database = new DatabaseSync(join(MSX_DATA_DIR, 'ledger.db'));
database.exec(
  'PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS people (id INTEGER PRIMARY KEY, email TEXT NOT NULL)',
);

const server = createServer(async (incoming, response) => {
  let body = '';
  for await (const part of incoming) body += part;
  if (incoming.method === 'POST') {
    database.prepare('INSERT INTO people (email) VALUES (?)').run(body);
    appendFileSync(notes, `${body}\n`);
    if (UPSTREAM !== '') await post(UPSTREAM, body);
  }
  const people = database.prepare('SELECT email FROM people ORDER BY id').all();
  const lines = existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').slice(0, -1) : [];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ environment: MSX_ENV, people: people.map(({ email }) => email), lines }));
});
server.listen(Number(PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});

function post(url, body) {
  return new Promise((resolve) => {
    const asking = request(url, { method: 'POST' }, (answer) => answer.resume().once('end', resolve));
    asking.once('error', resolve);
    asking.end(body);
  });
}
