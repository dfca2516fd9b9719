import { parentPort, workerData } from 'node:worker_threads';

/** In a thread of its own, so that the bench's own requests do not delay it: posts how long each reply of healthz took. */
for (let count = 0; ; count += 1) {
  const asked = performance.now();
  await (await fetch(`${workerData as string}/healthz`)).text();
  // The first ones make the connection, and this thread's code is new.
  if (count > 20) parentPort?.postMessage(performance.now() - asked);
}
