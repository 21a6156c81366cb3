import type { ConceptReference, Constraint } from './ast.js'
import type { EclScanner } from './scanner.js'

/** `LOINC#54486-6`, `"LOINC#54486-6"` */
export function alternate(scanner: EclScanner): Constraint | undefined {
  const at = scanner.at
  const found = scanner.match(/[A-Za-z][A-Za-z0-9-]*#[A-Za-z0-9._-]+|"[A-Za-z][A-Za-z0-9-]*#[^"\\]+"/y)
  if (found === undefined) return undefined
  const [, scheme, code] = /^"?([^#]+)#([^"]+)"?$/.exec(found)!
  term(scanner)
  return { kind: 'alternate', scheme: scheme!, code: code!, at }
}

/** A concept id, and perhaps a term between bars, which says nothing but helps who reads it. */
export function conceptReference(scanner: EclScanner, expected = 'a concept id'): ConceptReference {
  const at = scanner.at
  const id = scanner.match(/[1-9]\d{5,17}(?!\w)/y)
  if (id === undefined) scanner.fail(expected)
  term(scanner)
  return { kind: 'concept', id, at }
}

function term(scanner: EclScanner) {
  if (!scanner.sees('|')) return
  if (!scanner.match(/\|[^|]*[^|\s][^|]*\|/y)) scanner.fail("a term and '|'", scanner.at + 1)
}
