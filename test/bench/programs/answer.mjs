// Answers every request at once; as small as a service can be.
import { createServer } from 'node:http';

createServer((_request, response) => response.end('here\n')).listen(Number(process.env.PORT), '127.0.0.1');
