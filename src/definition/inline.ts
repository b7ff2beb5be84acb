/** The queue whose tasks the API processes run themselves; workers leave it to them unless they are told to serve it. */
export const inlineQueue = 'inline';
