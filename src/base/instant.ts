let last = { at: Number.NaN, text: '' }

/**
 * A FHIR instant in UTC; all that a transaction writes has the same one, which is made once.
 * @param at  milliseconds since 1970
 */
export function instantText(at: number): string {
  if (at !== last.at) last = { at, text: new Date(at).toISOString() }
  return last.text
}
