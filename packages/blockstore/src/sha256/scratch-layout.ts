/** What one turn takes of each message. */
export const turnBytes = 64;

/**
 * Memory that each user of the four lanes needs: the states (a vector has the same word of four messages), a
 * copy of the constants of the rounds, and room for the last turn.
 */
export const scratchLayout = { state: 0, constants: 128, padding: 384 } as const;
export const scratchBytes = scratchLayout.padding + turnBytes;
