import { defineConfig } from 'vitest/config';

/** One project per kind of test; `docs/testing.md` says what each kind needs. */
export default defineConfig({
  test: {
    // The end of the boot tests' platform: guests shut down, which takes an emulated one its time.
    teardownTimeout: 600_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,apps}/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['tests/simulation/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{packages,apps}/*/integration/**/*.test.ts', 'tests/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'boot',
          include: ['tests/boot/**/*.test.ts'],
          globalSetup: ['tests/boot/global-setup.ts'],
          setupFiles: ['tests/boot/support/show-server-log.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
