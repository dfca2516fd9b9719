import { runServer } from '../src/main.ts';
import { wireSimulatedDrivers } from '../src/wiring/simulated-drivers.ts';

/** A simulated server whose host step never ends; it says when that begins. First argument: closeLimitMs. */
const [closeLimitMs, ...args] = process.argv.slice(2);
const code = await runServer(args, {
  closeLimitMs: Number(closeLimitMs),
  wire: async (_config, _data, parts) => ({
    ...(await wireSimulatedDrivers(parts)),
    open() {
      process.stdout.write('the host step begins\n');
      return new Promise<never>(() => {});
    },
  }),
});
process.exit(code);
