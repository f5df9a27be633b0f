/** Thrown by a check that cannot run here: the reason is told, and nothing has failed. */
export class Skip extends Error {}

/** Something is not as it should be; its message says all that there is to say. */
export class Failure extends Error {}
