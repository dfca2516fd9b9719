/** Words for what is wrong with a request, whichever protocol it is in. Each protocol has its own code for them. */
export const bodyProblems = {
  notUtf8: 'The request body is not valid UTF-8.',
  tooDeep: (levels: number) => `The request body is nested more than ${levels} levels deep.`,
  twice: (parameter: string) => `The parameter ${parameter} is given more than once.`,
};
