/** Most texts have nothing to take away. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/

/** Lower case, without accents, one blank between words: https://hl7.org/fhir/R4/search.html#string */
export function normal(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase()
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim()
}

/** The longest text that goes into the index; a B-tree entry must stay under a third of a page. */
export const LONGEST = 500

type Part = string | string[] | undefined
const parts: Record<string, readonly string[]> = {
  HumanName: ['text', 'family', 'given', 'prefix', 'suffix'],
  Address: ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'],
}

/** The strings that a value puts into the index: each part of a name or address stands for itself. */
export function indexed(value: unknown, type: string, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value)
  if (typeof value !== 'object' || value === null) return
  const holder = value as Record<string, Part>
  for (const name of parts[type] ?? ['text', 'display', 'value']) {
    const part = holder[name]
    if (typeof part === 'string') visit(part)
    else if (Array.isArray(part)) for (const text of part) if (typeof text === 'string') visit(text)
  }
}

/** The words of a text, for `_text`, `_content` and `:text`. */
export function words(text: string): string[] {
  return normal(text).match(/[\p{L}\p{N}]+/gu) ?? []
}
