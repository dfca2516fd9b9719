import { runServer } from './main.ts';

process.exit(await runServer(process.argv.slice(2)));
