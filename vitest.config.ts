import { configDefaults, defineConfig } from 'vitest/config';

/** Every server that a test starts checks its answers against the official models. */
const env = { BAKEHOUSE_CHECK_ANSWERS: 'on' };

/** What test worlds over fakes show: it must hold whichever database the records are in. */
const onAnyStore = {
  include: [
    'tests/simulation/**/*.test.ts',
    'services/*/src/operations/**/*.test.ts',
    'packages/orchestration/src/**/*.test.ts',
  ],
  // Opens a database of its own, which an earlier version wrote.
  exclude: [...configDefaults.exclude, 'tests/simulation/upgrade.test.ts'],
};

/** One project per kind of test; `docs/testing.md` says what each kind needs. */
export default defineConfig({
  test: {
    // The end of the boot tests' platform: guests shut down, which takes an emulated one its time.
    teardownTimeout: 600_000,
    projects: [
      {
        test: {
          name: 'unit',
          env,
          include: ['{packages,services,apps}/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'simulation',
          env,
          include: ['tests/simulation/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'sqlite',
          env,
          ...onAnyStore,
          setupFiles: ['tests/stores/on-sqlite.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'postgres',
          env,
          ...onAnyStore,
          globalSetup: ['tests/stores/start-postgres.ts'],
          setupFiles: ['tests/stores/on-postgres.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'integration',
          env,
          include: [
            '{packages,services,apps}/*/integration/**/*.test.ts',
            'tests/integration/**/*.test.ts',
          ],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'boot',
          env,
          include: ['tests/boot/**/*.test.ts'],
          globalSetup: ['tests/boot/global-setup.ts'],
          setupFiles: ['tests/boot/support/show-failure.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
