import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { root } from '../../src/base/root.js'

/** The rooms from the roof down; each may import what stands on a lower floor, and itself. */
const floors = [
  ['main.ts', 'start.ts', 'features.ts', 'workers.ts'],
  ['http', 'graphql', 'views', 'bulk', 'cli'],
  ['rest'],
  ['store'],
  ['search', 'terminology'],
  ['fhir', 'db'],
  ['base', 'migrations'],
]

/** The roof joins everything: its files are one room. */
const roof = floors[0]!

/**
 * Rooms that may use less than what is below them: the commands reach the server by HTTP, but for the content of code
 * systems, which they write to its database themselves.
 */
const only: Record<string, string[]> = { cli: ['base', 'fhir', 'db', 'terminology'] }

const picture = `
   main.ts · start.ts · features.ts · workers.ts  join everything, imported by nobody else
   ┌──────────────────────────────────────┐
 5 │ http  graphql  views  bulk           │
   │   cli: base, fhir, db, terminology   │
 4 │ rest                                 │
 3 │ store                                │
 2 │ search          terminology          │
 1 │ fhir            db                   │
 0 │ base            migrations           │
   └──────────────────────────────────────┘
   imports point down, never up or sideways`

interface File {
  /** From the project's folder: `src/rest/read.ts` */
  path: string
  text: string
  /** What it imports, types included: paths of files, or specifiers of packages. */
  imports: string[]
}

const files = [...filesIn('src'), ...filesIn('migrations')]

function filesIn(folder: string): File[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => fileAt(join(folder, name)))
}

function fileAt(path: string): File {
  const text = readFileSync(join(root, path), 'utf8')
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
  const imports = specifiers.map((specifier) =>
    specifier.startsWith('.') ? normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts') : specifier,
  )
  return { path, text, imports: [...new Set(imports)] }
}

const isFile = (specifier: string) => files.some(({ path }) => path === specifier)
const roomOf = (path: string) => path.replace(/^src\//, '').split('/')[0]!
const floorOf = (room: string) => floors.length - 1 - floors.findIndex((rooms) => rooms.includes(room))

function mayImport(from: string, to: string): boolean {
  if (from === to || (roof.includes(from) && roof.includes(to))) return true
  return floorOf(from) > floorOf(to) && (only[from]?.includes(to) ?? true)
}

it('every file stands in a room', () => {
  const rooms = floors.flat()
  expect(files.map(({ path }) => path).filter((path) => !rooms.includes(roomOf(path)))).toEqual([])
})

it('imports point down', () => {
  const wrong = files.flatMap(({ path, imports }) =>
    imports.filter((to) => isFile(to) && !mayImport(roomOf(path), roomOf(to))).map((to) => `${path} → ${to}`),
  )
  expect(wrong, picture).toEqual([])
})

it('no file imports itself through others', () => {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, way: string[]) => {
    if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(' → '))
    if (done.has(path)) return
    done.add(path)
    const { imports } = files.find((file) => file.path === path)!
    for (const to of imports) if (isFile(to)) visit(to, [...way, path])
  }
  for (const { path } of files) visit(path, [])
  expect(cycles).toEqual([])
})

it('only base/config.ts reads the environment', () => {
  const readers = files.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path)
  expect(readers).toEqual(['src/base/config.ts'])
})

/** Runs before anything is installed for production, so it may use the packages of development. */
const builder = 'src/fhir/definitions/build.ts'

it('production code uses every package that production installs, and no other', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const installed = Object.keys(dependencies)
  const used = files.filter(({ path }) => path !== builder).flatMap(packagesOf)
  expect(
    installed.filter((name) => !used.includes(name)),
    'not used',
  ).toEqual([])
  expect(
    used.filter((name) => !installed.includes(name)),
    'not installed',
  ).toEqual([])
})

/** By import, or by `require.resolve('name')`, which finds a package's files without loading it. */
function packagesOf({ text, imports }: File): string[] {
  const resolved = [...text.matchAll(/\.resolve\('([^'.][^']*)'\)/g)].map(([, specifier]) => specifier!)
  return [...imports, ...resolved]
    .filter((specifier) => !isFile(specifier) && !isBuiltin(specifier))
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)![0])
}
