/** The empty name is the default handler's other one. */
export const runtimeHandlers: readonly string[] = ['', 'process']
