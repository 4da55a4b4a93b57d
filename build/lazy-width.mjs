// How wide text is beyond ASCII takes expressions over all of Unicode, which cost more to make than a whole list of
// containers to show: they are made where there is such text.

/** For esbuild. */
export const lazyWidth = {
  name: 'lazy width',
  setup(bundler) {
    bundler.onResolve({filter: /^string-width$/}, ({kind, resolveDir}) =>
      kind === 'import-statement'
        ? {path: 'string-width', namespace: 'lazy', pluginData: {resolveDir}}
        : undefined,
    )
    bundler.onLoad({filter: /^string-width$/, namespace: 'lazy'}, ({pluginData: {resolveDir}}) => ({
      contents: `let width
        export default (text) => (width ??= require('string-width').default)(text)`,
      resolveDir,
    }))
  },
}
