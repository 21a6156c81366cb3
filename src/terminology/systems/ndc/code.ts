export const NDC = 'http://hl7.org/fhir/sid/ndc'

/** Labeler, product, package: five, four and two digits, of which one may be left out. */
const PACKAGE = /^(\d{4,5})-(\d{3,4})-(\d{1,2})$/
const PRODUCT = /^(\d{4,5})-(\d{3,4})$/

/**
 * A National Drug Code in the form of eleven digits, which claims and RxNorm use: `0002-0152-01` → `00002015201`. Of a
 * product, which has no package, nine.
 * @returns undefined  it is none, or has ten digits without the hyphens that say which one was left out
 */
export function elevenDigits(code: string): string | undefined {
  if (/^\d{11}$/.test(code)) return code
  const [, labeler, product, pack] = PACKAGE.exec(code) ?? PRODUCT.exec(code) ?? []
  if (!labeler || !product) return undefined
  return labeler.padStart(5, '0') + product.padStart(4, '0') + (pack?.padStart(2, '0') ?? '')
}
