// Of oclif we use the parser and the types of flags. What those load beside is for its own help pages, errors with
// colours and debugging: our bundles go without, since loading it would cost more than a call.

/** Modules of oclif, and what stands in for each. */
const standIns = {
  'cache.js': 'exports.__esModule = true; exports.default = {getInstance: () => new Map()}',
  'errors/index.js': 'exports.CLIError = class extends Error {}',
  'help/index.js': '',
  'logger.js': 'exports.makeDebug = () => () => undefined',
  'parser/help.js': '',
  'util/fs.js': '',
  'ux/list.js': "exports.__esModule = true; exports.default = () => ''",
  'ux/theme.js': 'exports.colorize = (color, text) => text',
}

/** For esbuild. */
export const leanOclif = {
  name: 'lean oclif',
  setup(bundler) {
    bundler.onLoad({filter: /@oclif\/core\/lib\//}, ({path}) => {
      const contents = standIns[path.split('/@oclif/core/lib/').at(-1)]
      return contents === undefined ? undefined : {contents}
    })
    // With it an argument would be read from stdin, which we never let the parser do.
    bundler.onResolve({filter: /^node:readline$/}, ({importer}) =>
      importer.includes('/@oclif/core/lib/') ? {path: 'readline', namespace: 'absent'} : undefined,
    )
    bundler.onLoad({filter: /.*/, namespace: 'absent'}, () => ({contents: ''}))
  },
}
