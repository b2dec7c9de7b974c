// Builds dist/bundle from what tsc made: the executable (main.cjs, program.js and its compiled code) and the library (index.cjs, and its declarations in dist/types).
// Run by `npm run build`. What is in the program, and what loads when, is decided here; the sources just import.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules, createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { compileProgram } from './compile.ts'
import { codeFile, digestLength, programFile, readProgram } from './compiled.ts'
import { publishDeclarations } from './declarations.ts'

const root = resolve(import.meta.dirname, '../../..')
const bundleDirectory = join(root, 'dist/bundle')
const require = createRequire(import.meta.url)

const shared: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  // lmdb is asked where it is, and bundled nevertheless.
  logOverride: { 'require-resolve-not-external': 'silent' },
  absWorkingDir: root,
}
/** CommonJS starts 20 ms sooner than ES modules: so no await at the top level of anything in the program. */
const commonJs: BuildOptions = { ...shared, format: 'cjs', supported: { 'dynamic-import': false }, define: { 'import.meta.url': 'importMetaUrl' } }
const importMetaUrl = "const importMetaUrl=require('node:url').pathToFileURL(__filename).href"

/** Loaded with the first use of one of their names: a start gets by without them. */
const lateBuiltins: readonly string[] = ['node:crypto', 'node:fs/promises', 'node:http', 'node:perf_hooks', 'node:tls', 'node:zlib']
/** Stay in node_modules: native code, and what only some commands or some moments need. */
const external: readonly string[] = [
  ...['*.node', '@node-rs/*', '@lmdb/*', 'msgpackr-extract', 'snappy', 'lz4-napi', '@toondepauw/node-zstd'],
  ...['pino', 'prom-client', 'kafkajs', 're2js', 'bun:ffi'],
]

/** A stand-in for a module: each of its names loads it when it is read. */
const late: Plugin = {
  name: 'late',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, namespace }) =>
      namespace !== 'late' && lateBuiltins.includes(path) ? { path, namespace: 'late' } : null,
    )
    onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => {
      if (!builtinModules.includes(path.slice('node:'.length))) throw new Error(`${path} is not a module of Node.js`)
      const names = Object.keys(require(path) as object).filter((name) => name !== 'default')
      const getters = names.map((name) => `get ${name}() { return load().${name} },`).join('\n')
      return { contents: `let loaded\nconst load = () => (loaded ??= require('${path}'))\nmodule.exports = {\n${getters}\n}`, loader: 'js' }
    })
  },
}

/** lmdb looks for its native part beside its own file, which in a bundle it no longer is; and it brings a msgpackr with a native part that nothing here needs. */
const lmdb: Plugin = {
  name: 'lmdb',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^msgpackr$/ }, () => ({ path: join(root, 'node_modules/msgpackr/index.js') }))
    onLoad({ filter: /[\\/]lmdb[\\/]native\.js$/ }, ({ path }) => {
      const [before, after, ...more] = readFileSync(path, 'utf8').split('fileURLToPath(import.meta.url)')
      if (before === undefined || after === undefined || more.length > 0) throw new Error(`${path} finds its native part in another way now`)
      return { contents: `${before}require.resolve('lmdb')${after}`, loader: 'js' }
    })
  },
}

/** Writes the program with its digest in front, in one step: somebody may be starting it. */
function writeProgram(text: string): void {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, digestLength)
  const file = programFile(bundleDirectory)
  writeFileSync(`${file}.new`, `/*${digest}*/${text}`)
  renameSync(`${file}.new`, file)
}

/** The program's compiled code, unless it is there already; that of other programs goes. */
async function keepCode(): Promise<void> {
  const kept = codeFile(bundleDirectory, readProgram(bundleDirectory))
  const files = readdirSync(bundleDirectory).map((name) => join(bundleDirectory, name))
  for (const file of files) if (/\.code(\.new)?$/.test(file) && file !== kept) rmSync(file, { force: true })
  if (files.includes(kept)) return
  try {
    await compileProgram(bundleDirectory)
  } catch (error) {
    // Where a broker cannot run, one can be built all the same.
    process.stderr.write(`starts will take longer, the program's compiled code was not kept: ${error}\n`)
  }
}

await build({
  ...commonJs,
  entryPoints: ['dist/src/bundle/launch.js'],
  banner: { js: importMetaUrl },
  outfile: join(bundleDirectory, 'main.cjs'),
})
const { outputFiles } = await build({
  ...commonJs,
  entryPoints: ['dist/src/main.js'],
  external: [...external],
  plugins: [late, lmdb],
  banner: { js: `(function (require, __filename, __dirname) {${importMetaUrl}` },
  footer: { js: '})' },
  outfile: programFile(bundleDirectory),
  write: false,
})
writeProgram(outputFiles[0]!.text)
// CommonJS here too, since not everybody can import an ES module: Jest cannot, nor `require` before Node.js 20.19. ES modules import it by its names.
await build({
  ...commonJs,
  entryPoints: ['dist/src/index.js'],
  packages: 'external',
  banner: { js: importMetaUrl },
  outfile: join(bundleDirectory, 'index.cjs'),
})
publishDeclarations(join(root, 'dist'), join(root, 'dist/src/index.d.ts'), join(root, 'dist/types'))
await keepCode()
