// Answers with the customers and orders of its database, which it asks by psql: no driver is needed to try this out.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';

const question = `SELECT json_build_object(
  'customers', (SELECT coalesce(json_agg(row_to_json(c) ORDER BY c.id), '[]') FROM customers c),
  'orders', (SELECT coalesce(json_agg(row_to_json(o) ORDER BY o.id), '[]') FROM orders o))`;

const server = createServer((_request, response) => {
  execFile('psql', ['-XAtqw', '-c', question], { env: process.env }, (error, stdout) => {
    response.writeHead(error ? 503 : 200, { 'content-type': 'application/json' });
    response.end(error ? JSON.stringify({ error: 'the database does not answer so' }) : stdout);
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
